"""Which documents hold today: no templates, examples or drafts, no records turned down, nothing put away."""

from __future__ import annotations

import re

from gatekeeper.models.docs import Document
from gatekeeper.models.stated import stated
from gatekeeper.node import Node, regex

_PUT_AWAY = frozenset(
    "archive archived archives attic deprecated obsolete old outdated template templates example examples sample "
    "samples vendor vendored draft drafts third thirdparty".split()
)
_OVER = (
    r"draft|deprecat|obsolet|supersed(?!es)|archived|retired|reject|declin|propos|outdated|withdrawn|work in progress"
    r"|\bwip\b"
)
_STATUS = regex(_OVER, re.IGNORECASE)
_TITLE = regex(rf"[\[(](?:{_OVER})", re.IGNORECASE)
_SAYS = regex(
    r"\bthis (?:document|page|plan|runbook|file) (?:is|was|has been) (?:now |only )?"
    r"(?:deprecated|obsolete|outdated|superseded|replaced|archived|retired|an? (?:draft|template|example))"
    r"|\bno longer (?:maintained|valid|in use|in force|up[- ]to[- ]date)"
    r"|^[>*_ ]{0,6}(?:deprecated|obsolete|draft)\b[*_ ]{0,4}[:!.\n]",
    re.IGNORECASE | re.MULTILINE,
)
_APART = regex(r"[^a-z0-9]+")
_HEAD = 1_500  # characters: what a document says of itself stands at the top
_ASIDE = regex(
    r"\b(?:examples?|templates?|samples?|out of scope|not in scope|non[- ]?goals?|rejected|alternatives?|proposed"
    r"|proposals?|historical|former(?:ly)?|obsolete|deprecated|drafts?|todo|backlog|competitors?|comparison)\b",
    re.IGNORECASE,
)


def holds(document: Document) -> bool:
    """Whether what a document says is meant to hold today. It is read for that: ask first what costs less."""
    *folders, _ = document.path.split("/")
    named = {word for name in (*folders, document.stem) for word in _APART.split(name.lower())}
    if not named.isdisjoint(_PUT_AWAY) or document.kind == "changelog" or _TITLE.search(document.title):
        return False
    standing = getattr(document, "standing", None)  # of a record of a decision
    if standing is not None:
        return bool(standing == "accepted")
    status = stated(document, "status|state")
    if status is not None and _STATUS.search(status.text):
        return False
    return _SAYS.search(document.source.text, 0, _HEAD) is None


def set_aside(document: Document, node: Node) -> bool:
    """Whether a place stands below a heading that says that it does not hold: of examples, of what was turned down."""
    return any(each.holds(node) and _ASIDE.search(each.heading.text) for each in document.parts.sections)
