"""Whether a scanner fails the build by itself when it finds something, and which findings count.

The rows are in `tables/scanners.yaml`, each with the page that says so. What is not settled there is unknown. Whether
the failure then survives the shell and the step is another question (`shell.heard`, `continue-on-error`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from gatekeeper.models.pipeline import tables
from gatekeeper.models.pipeline.shell import EXPRESSION
from gatekeeper.node import regex


class Blocking(NamedTuple):
    """yes, no or unknown, and why when it is not yes."""

    word: str
    reason: str = ""


YES = Blocking("yes")
Read = Callable[[str], str]  # a file of the repository by its path; "" when there is none


class Switch(NamedTuple):
    """Where a decision may be written, and how it is read."""

    option: tuple[str, ...] = ()
    input: str = ""
    env: str = ""
    file: tuple[str, ...] = ()
    path: tuple[str, ...] = ()  # options or inputs that name another file
    key: str = ""
    how: str = ""
    then: str = ""
    otherwise: str = ""
    values: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    why: str = ""


class Scanner(NamedTuple):
    """One row of the table."""

    command: tuple[str, ...]
    action: str
    goal: str
    fails: str
    because: str
    decided: tuple[Switch, ...]
    severities: tuple[Switch, ...]
    arguments: str
    source: str
    fails_with: Any
    passes_with: Any
    place: str

    @property
    def name(self) -> str:
        """What stands in its place in the table."""
        return " ".join(self.command) or self.action or self.goal


class Call(NamedTuple):
    """One use of a scanner: its words, the inputs of an action, and what is set around it."""

    words: Sequence[str]
    inputs: Mapping[str, str]
    environment: Mapping[str, str]
    read: Read


class Limit(NamedTuple):
    """Which findings do not count (`critical`, `high`), and what says so. Not `known`: it is set at run time."""

    leaves_out: frozenset[str]
    said: str
    known: bool = True


# the table


_FIELDS = {
    "command": str, "action": str, "goal": str, "fails": str, "because": str, "decided": list, "severities": list,
    "arguments": str, "source": str, "fails-with": (str, dict), "passes-with": (str, dict),
}  # fmt: skip
_SWITCH = {
    "option": list, "input": str, "env": str, "file": list, "path": list, "key": str, "as": str, "then": str,
    "otherwise": str, "values": list, "unless": (list, dict), "why": str,
}  # fmt: skip
_HOW = frozenset("code score flag bool given one-of list lowest soft".split())
_WORDS = frozenset({"yes", "no", "unknown"})


@lru_cache(maxsize=1)
def _index() -> dict[str, list[tuple[str, str, str]]]:
    """The rows by kind and first word, unread: what they begin with, their place and text; the longest first."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    known: dict[str, str] = {}
    for place, first, text in tables.mappings("scanners"):
        kind, _, name = first.partition(": ")
        if kind not in ("command", "action", "goal"):
            raise tables.Invalid(f"{place}: a row begins with command, action or goal")
        if first in known:
            raise tables.Invalid(f"{place}: {name} stands here and at {known[first]}")
        known[first] = place
        top = "goal" if kind == "goal" else f"{kind} {name.replace('/', ' ').split()[0]}"
        found.setdefault(top, []).append((name, place, text))
    for rows_ in found.values():
        rows_.sort(key=lambda each: -len(each[0]))
    return found


@lru_cache(maxsize=256)
def _read(place: str, text: str) -> Scanner:
    return row_of(place, tables.mapping(place, text))


def rows() -> list[Scanner]:
    """Every row of the table."""
    return [_read(place, text) for own in _index().values() for _, place, text in own]


def row_of(place: str, row: Mapping[str, Any]) -> Scanner:
    """One row of the file. Raises `tables.Invalid`."""
    _check(place, row, _FIELDS)
    if sum(kind in row for kind in ("command", "action", "goal")) != 1 or row.get("fails") not in _WORDS:
        raise tables.Invalid(f"{place}: a row has one of command, action and goal, and says whether it fails")
    if not row.get("source", "").startswith("https://") or (row["fails"] != "yes" and not row.get("because")):
        raise tables.Invalid(f"{place}: a row has a source, and says why it does not fail")
    switches = [[_switch(place, each) for each in row.get(name, ())] for name in ("decided", "severities")]
    return Scanner(
        tuple(row.get("command", "").split()), row.get("action", ""), row.get("goal", ""), row["fails"],
        row.get("because", ""), tuple(switches[0]), tuple(switches[1]), row.get("arguments", ""), row["source"],
        row.get("fails-with"), row.get("passes-with"), place,
    )  # fmt: skip


def _switch(place: str, row: Mapping[str, Any]) -> Switch:
    _check(place, row, _SWITCH)
    if row.get("as") not in _HOW or (row["as"] in ("flag", "bool", "one-of") and row.get("then") not in _WORDS):
        raise tables.Invalid(f"{place}: `as` is one of {', '.join(sorted(_HOW))}; flag, bool and one-of have `then`")
    unless = row.get("unless", ())
    return Switch(
        tuple(row.get("option", ())), row.get("input", ""), row.get("env", ""), tuple(row.get("file", ())),
        tuple(row.get("path", ())), row.get("key", ""), row["as"], row.get("then", ""), row.get("otherwise", ""),
        tuple(row.get("values", ())),
        tuple(f"{k}={v}" for k, v in unless.items()) if isinstance(unless, dict) else tuple(unless), row.get("why", ""),
    )  # fmt: skip


def _check(place: str, row: Any, fields: Mapping[str, Any]) -> None:
    if not isinstance(row, dict):
        raise tables.Invalid(f"{place}: a mapping was expected")
    for name, value in row.items():
        if name not in fields:
            raise tables.Invalid(f"{place}: no field {name}")
        if not isinstance(value, fields[name]):
            raise tables.Invalid(f"{place}: {name} is of another type")


def of_words(words: Sequence[str]) -> Scanner | None:
    """The row of an unwrapped command."""
    if not words:
        return None
    if words[0] in ("mvn", "gradle"):
        goals = _index().get("goal", ())
        return next((_read(at, text) for goal, at, text in goals if any(goal in word for word in words[1:])), None)
    plain = " ".join(word for word in words if not word.startswith("-"))
    own = _index().get(f"command {words[0]}", ())
    return next((_read(at, text) for name, at, text in own if f"{plain} ".startswith(f"{name} ")), None)


def of_slug(slug: str) -> Scanner | None:
    """The row of an action: owner/repo/path in lower case."""
    own = _index().get(f"action {slug.partition('/')[0]}", ())
    return next((_read(at, text) for name, at, text in own if slug.startswith(name)), None)


# what a row says of one use


def of_command(words: Sequence[str], environment: Mapping[str, str], read: Read) -> Blocking:
    """For an unwrapped command that scans."""
    row = of_words(words)
    return blocking(row, Call(words, {}, environment, read)) if row else _not_known(words[0])


def of_action(slug: str, inputs: Mapping[str, str], environment: Mapping[str, str], read: Read) -> Blocking:
    """For an action that scans: `slug` is owner/repo/path in lower case, `inputs` what stands under `with`."""
    row = of_slug(slug)
    return blocking(row, call_of(row, inputs, environment, read)) if row else _not_known(slug)


def call_of(row: Scanner, inputs: Mapping[str, str], environment: Mapping[str, str], read: Read) -> Call:
    """The use of an action: the command line may stand in one of its inputs."""
    return Call([row.action, *inputs.get(row.arguments, "").split()], inputs, environment, read)


def _not_known(name: str) -> Blocking:
    return Blocking("unknown", f"whether {name} fails on findings is not known")


def blocking(row: Scanner, call: Call) -> Blocking:
    """Whether this use fails on findings."""
    for switch in row.decided:
        written = _written(switch, call)
        if written is None:
            continue
        name, value = written
        if _open(value):
            return Blocking("unknown", f"{name} is known only at run time")
        word = _HOWS[switch.how](switch, value)
        if not word:
            continue
        if word != "yes" and any(given(call.words, option) for option in switch.unless):
            return Blocking("unknown", f"whether {name} hides its findings depends on its rules file")
        return YES if word == "yes" else Blocking(word, switch.why or _words(switch, name, value, row))
    unread = next((path for switch in row.decided if (path := _missing(switch, call))), "")
    if unread and row.fails == "no":
        return Blocking("unknown", f"its configuration {unread} is not in the repository")
    return YES if row.fails == "yes" else Blocking(row.fails, row.because)


def _words(switch: Switch, name: str, value: str, row: Scanner) -> str:
    if switch.otherwise == "unknown" and switch.how == "bool":
        return row.because
    if switch.how == "flag":
        return f"{name}: it exits 0 whatever it finds"
    return f"{name} is {value or 'empty'}"


def option(words: Sequence[str], *names: str) -> str | None:
    """The value of an option (`--name value` or `--name=value`); '' when it stands alone, None when it is not there."""
    for index, word in enumerate(words):
        flag, given, value = word.partition("=")
        if flag in names:
            following = words[index + 1] if index + 1 < len(words) else ""
            return value if given else "" if following.startswith("-") else following
    return None


def given(words: Sequence[str], name: str) -> bool:
    """Whether an option is among the words."""
    return any(word.partition("=")[0] == name for word in words[1:])


def _written(switch: Switch, call: Call) -> tuple[str, str] | None:
    """Where a switch is set, by name, and to what; None where nothing sets it."""
    hit = next((word for word in call.words[1:] if word.partition("=")[0] in switch.option), None)
    if hit is not None:
        name, equals, value = hit.partition("=")
        if switch.how == "flag":
            return name, value if equals else "true"
        return name, option(call.words, *switch.option) or ""
    if switch.input and switch.input in call.inputs:
        return switch.input, call.inputs[switch.input]
    if switch.env and call.environment.get(switch.env):
        return switch.env, call.environment[switch.env]
    return _in_file(switch, call)


def _in_file(switch: Switch, call: Call) -> tuple[str, str] | None:
    if not switch.key:
        return None
    named = _named_file(switch, call)
    for path in (named,) if named else switch.file:
        text = call.read(path)
        found = _key(switch.key).search(text) if text and not _open(path) else None
        if found:
            return f"{switch.key} in {path}", found[1]
    return None


def _named_file(switch: Switch, call: Call) -> str:
    return option(call.words, *switch.path) or next((call.inputs[n] for n in switch.path if call.inputs.get(n)), "")


def _missing(switch: Switch, call: Call) -> str:
    """The configuration that a use names and that is not in the repository."""
    named = _named_file(switch, call)
    return named if named and not call.read(named) else ""


@lru_cache(maxsize=64)
def _key(name: str) -> re.Pattern[str]:
    """A key and its value in YAML, TOML, properties, XML or Gradle; not in a comment."""
    return regex(
        rf"^[^#\n]{{0,200}}?(?<![\w.-]){re.escape(name)}[\"']?[ \t]*[>:=][ \t]*[\"']?([^\s\"'<,]{{1,80}})", re.MULTILINE
    )


def _open(value: str) -> bool:
    return "$" in value or EXPRESSION in value


_NOT_ZERO = regex(r"[1-9][0-9]{0,4}\Z")
_NUMBER = regex(r"[0-9]{1,3}(\.[0-9]{1,3})?\Z")
_TRUE, _FALSE = frozenset({"true", "1", "yes"}), frozenset({"", "false", "0", "no"})
_OPPOSITE = {"yes": "no", "no": "yes", "unknown": "unknown"}


def _code(switch: Switch, value: str) -> str:
    return "yes" if _NOT_ZERO.match(value) else "no"


def _score(switch: Switch, value: str) -> str:
    return "" if not _NUMBER.match(value) else "yes" if float(value) <= 10 else "no"


def _bool(switch: Switch, value: str) -> str:
    if value.lower() in _TRUE:
        return switch.then
    return (switch.otherwise or _OPPOSITE[switch.then]) if value.lower() in _FALSE else ""


def _flag(switch: Switch, value: str) -> str:
    return "" if value.lower() in _FALSE else switch.then


def _one_of(switch: Switch, value: str) -> str:
    return (
        switch.then if value.lower() in switch.values or any(value.startswith(f"{v} ") for v in switch.values) else ""
    )


_HOWS: dict[str, Callable[[Switch, str], str]] = {
    "code": _code,
    "score": _score,
    "bool": _bool,
    "flag": _flag,
    "given": lambda switch, value: "yes" if value else "",
    "one-of": _one_of,
}


# which findings count


_SCALE = {
    name: rank
    for rank, names in enumerate(("negligible info unknown", "low warn", "medium moderate", "high", "critical"))
    for name in names.split()
}
_BOTH = frozenset({"critical", "high"})


def limit(row: Scanner, call: Call) -> Limit | None:
    """Which of the grave findings this use leaves out; None when it says nothing of severities."""
    for switch in row.severities:
        if any(call.inputs.get(name) == value for name, _, value in (each.partition("=") for each in switch.unless)):
            continue
        written = _written(switch, call)
        if written is None or not written[1]:
            continue
        name, value = written
        if _open(value):
            return Limit(frozenset(), f"{name} is known only at run time", known=False)
        left = _LEFT[switch.how](value)
        if left is not None:
            return Limit(left, f"{name} {value}")
    return None


def _listed(value: str) -> frozenset[str] | None:
    named = {word for word in re.split(r"[\s,|]+", value.lower()) if word}
    return _BOTH - named if named & set(_SCALE) else None


def _from_lowest(value: str) -> frozenset[str] | None:
    rank = _SCALE.get(value.lower())
    return None if rank is None else frozenset(name for name in _BOTH if _SCALE[name] < rank)


def _from_score(value: str) -> frozenset[str] | None:
    """CVSS calls 7.0 and more high, 9.0 and more critical."""
    if not _NUMBER.match(value):
        return None
    return frozenset(name for name, score in (("high", 7.0), ("critical", 9.0)) if float(value) > score)


def _soft_up_to(value: str) -> frozenset[str] | None:
    ranks = [_SCALE[word] for word in re.split(r"[\s,]+", value.lower()) if word in _SCALE]
    return frozenset(name for name in _BOTH if _SCALE[name] <= max(ranks)) if ranks else None


_LEFT: dict[str, Callable[[str], frozenset[str] | None]] = {
    "list": _listed,
    "lowest": _from_lowest,
    "score": _from_score,
    "soft": _soft_up_to,
}
