"""Whether a name that stands where people are named means anybody: a placeholder, a bot and nothing do not."""

from __future__ import annotations

import re
from typing import Literal

from gatekeeper.node import regex

Who = Literal["somebody", "nobody", "perhaps"]

_NOBODY = regex(
    r"unknown|to-?do|tb[da]|none|n/?a|nobody|null|nil|undefined|unassigned|un-?owned|no-?owner|owner-?less|orphan(?:s|ed)?"
    r"|change-?me|replace-?me|fill-?me-?in|fix-?me|x{3,}|place-?holder|team-?name|owner-?name|user-?name|guests?|ghost"
    r"|(?:your|my|some|insert|replace)[-_ ].*|(?:to-?do|tb[da]|changeme|fixme)[: ].*"
    r"|bots?|.*\[bot\]|.*-bot|dependabot|renovate|mergify|github-actions|codecov|snyk",
    re.IGNORECASE,
)
# May be what somebody is called, and is more often what nobody filled in.
_VAGUE = regex(
    r"(?:the-?)?(?:team|owners?|users?|me|myself|default|everyone|anyone|someone|somebody|name|e?mail|example|sample|test"
    r"|foo|bar|acme|company|org|group|admins?|root|maintainers?)",
    re.IGNORECASE,
)
_FILLED_IN = regex(r"[<>\[\]{}]|\$|@@|__[A-Za-z]|\.\.\.|…")
_BOT = regex(r"[\w.-]{1,60}\[bot\]\Z", re.IGNORECASE)
_KIND = regex(r"(?:@|user:|group:|team:|mailto:){1,2}", re.IGNORECASE)


def who(written: str) -> Who:
    """Whether a name, an address or a handle is somebody's: `@acme/orders`, `group:default/orders`, `a@example.com`."""
    name = written.strip().strip("\"'`*").strip()
    if not re.search(r"\w", name) or (_FILLED_IN.search(name) and not _BOT.match(name)):
        return "nobody"
    name = _KIND.sub("", name, count=1) if _KIND.match(name) else name
    steps = [step.partition("@")[0] or step for step in name.split("/")]
    last = re.sub(r"[_\s]+", "-", steps[-1].strip())
    if _NOBODY.fullmatch(name) or _NOBODY.fullmatch(last) or _NOBODY.fullmatch(re.sub(r"[_\s]+", "-", steps[0])):
        return "nobody"
    return "perhaps" if _VAGUE.fullmatch(last) else "somebody"


def is_somebody(written: str) -> bool:
    return who(written) == "somebody"


# contacts

_MAIL = regex(r"[\w.+-]{1,80}@[\w-]{1,80}(?:\.[\w-]{1,80}){1,6}")
_CHANNEL = regex(r"(?<![\w/&])#[a-z][a-z0-9_-]{2,80}\b")
_HANDLE = regex(r"(?<![\w.])@[A-Za-z][\w/-]{1,80}\b")
_PHONE = regex(r"(?<![\w.])(?:\+|tel:|00)?\d[\d ().-]{5,24}\d(?!\w)")
_ADDRESS = regex(r"https?://[\w.-]{1,100}\.[a-z]{2,20}[^\s)>\]]{0,300}", re.IGNORECASE)
_LABELLED = regex(
    r"\W{0,8}[^:|]{0,60}\b(?:on[- ]?call|primary|secondary|contact|owner|lead|manager|director|team|engineer|dba|sre"
    r"|level|tier|l[1-4]|escalat\w{0,10}|first|second|backup)\b[^:|]{0,40}(?::|\|)\s{0,10}\W{0,6}"
    r"([A-Z][\w.'-]{1,40}(?:[ ][\w.'-]{1,40}){0,4})",
    re.IGNORECASE,
)
_NO_NUMBER = regex(r"\d{4}-\d\d-\d\d|0{4,}|12345|555[- ]?01")
_OF_NOBODY = regex(
    r"(?:[\w-]{1,60}\.)?(?:company|yourcompany|your-?domain|domain|corp-?name)\.[a-z]{2,6}\Z", re.IGNORECASE
)


def names_contact(line: str) -> bool:
    """Whether a line says how to reach somebody: an address, a channel, a number, or a name beside what they do."""
    mails = _MAIL.findall(line)
    if any(is_somebody(mail) and not _OF_NOBODY.match(mail.rpartition("@")[2]) for mail in mails):
        return True
    rest = _MAIL.sub(" ", line)
    if _ADDRESS.search(rest) or any(is_somebody(each[1:]) for each in _CHANNEL.findall(rest)):
        return True
    if any(is_somebody(each) for each in _HANDLE.findall(rest)):
        return True
    if any(sum(map(str.isdigit, each)) >= 7 and not _NO_NUMBER.search(each) for each in _PHONE.findall(rest)):
        return True
    found = _LABELLED.match(rest)
    return found is not None and found[1][:1].isupper() and is_somebody(found[1])
