"""When a stage or step of a Jenkinsfile runs: `when`, and the `if` around it, in three values.

Sources: "Pipeline Syntax" (`when`) and "Using environment variables" of Jenkins' handbook; for the variables of
multibranch projects the help of the Branch API plugin (BRANCH_NAME, CHANGE_ID, CHANGE_TARGET, TAG_NAME).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from gatekeeper.models.pipeline.expressions import UNKNOWN, Unknown, Value
from gatekeeper.models.pipeline.ir import Trigger
from gatekeeper.node import regex
from gatekeeper.parsers import groovy

Condition = tuple[Any, ...]
# (branch, pattern, comparator) (tag, pattern, comparator) (tagged,) (change, ((field, pattern, comparator), …))
# (groovy, tree) (cause, name) (is, name, value) (not, a) (all, …) (any, …) (open, why)

Look = Callable[[str], Value]

_REPEATED = regex(r"[*+?{]")


def holds(condition: Condition, trigger: Trigger, look: Look) -> bool | None:
    """Whether a condition holds in the runs that a trigger starts; None when the files do not say."""
    kind = condition[0]
    if kind == "not":
        inner = holds(condition[1], trigger, look)
        return None if inner is None else not inner
    if kind in ("all", "any"):
        return _together(kind == "all", [holds(each, trigger, look) for each in condition[1:]])
    if kind == "groovy":
        return _truth(value_of(condition[1], look)) if condition[1] is not None else None
    if kind == "is":
        value = look(condition[1])
        return None if isinstance(value, Unknown) else _same(value, condition[2])
    if kind == "cause":
        return _caused(condition[1], trigger)
    return _scm(condition, trigger)


def _together(every: bool, words: list[bool | None]) -> bool | None:
    if (not every) in words:
        return not every
    return None if None in words else every


def _scm(condition: Condition, trigger: Trigger) -> bool | None:
    kind = condition[0]
    known = builtins(trigger)
    if kind == "branch":
        return _matches(known["BRANCH_NAME"], condition[1], condition[2])
    if kind in ("tag", "tagged"):
        tag = known["TAG_NAME"]
        if isinstance(tag, Unknown) or tag is None:
            return None if isinstance(tag, Unknown) else False
        return True if kind == "tagged" else _matches(tag, condition[1], condition[2])
    if kind == "change":
        change = known["CHANGE_ID"]
        if isinstance(change, Unknown) or change is None:
            return None if isinstance(change, Unknown) else False
        words = [_matches(known["CHANGE_TARGET"], p, c) if field == "target" else None for field, p, c in condition[1]]
        return _together(True, words)
    return None


_CAUSES = {
    "TimerTrigger": "schedule",
    "TimerTriggerCause": "schedule",
    "UserIdCause": "dispatch",
    "UserIdCauseTrigger": "dispatch",
}
_PUSHED = frozenset({"push", "tag", "pull request"})


def _caused(name: str, trigger: Trigger) -> bool | None:
    wanted = _CAUSES.get(name.rpartition(".")[2])
    if wanted:
        return trigger.ref == wanted
    if name in ("SCMTrigger", "BranchIndexingCause", "BranchEventCause"):
        return None if trigger.event in _PUSHED else False
    return None


def _matches(value: Value, pattern: str | None, comparator: str) -> bool | None:
    if isinstance(value, Unknown) or pattern is None:
        return None
    if value is None:
        return False
    if comparator.upper() == "REGEXP":
        return fits(pattern, str(value))
    if comparator.upper() == "EQUALS":
        return bool(value == pattern)
    return fnmatchcase(str(value), pattern.replace("**", "*"))


def fits(pattern: str, text: str) -> bool | None:
    """Whether a whole text fits a regular expression; None for an expression that it could take long to try."""
    if len(pattern) > 200 or len(_REPEATED.findall(pattern)) > 6 or re.search(r"\)[*+{]", pattern) or "(?" in pattern:
        return None
    try:
        return re.fullmatch(pattern, text[:60]) is not None
    except re.error:
        return None


def builtins(trigger: Trigger) -> dict[str, Value]:
    """What the variables of a multibranch project are in the runs that a trigger starts."""
    none: dict[str, Value] = {"TAG_NAME": None, "CHANGE_ID": None, "CHANGE_TARGET": None, "CHANGE_BRANCH": None}
    if trigger.ref == "pr":
        return none | {
            "BRANCH_NAME": "PR-1", "GIT_BRANCH": "PR-1", "CHANGE_ID": "1", "CHANGE_TARGET": trigger.branch,
            "CHANGE_BRANCH": "some-branch",
        }  # fmt: skip
    if trigger.ref == "tag":
        return none | {"BRANCH_NAME": trigger.branch, "TAG_NAME": trigger.branch, "GIT_BRANCH": trigger.branch}
    if trigger.event == "push":
        branches = frozenset({trigger.branch, f"origin/{trigger.branch}", f"refs/heads/{trigger.branch}"})
        primary = "true" if trigger.ref == "push-default" else None
        return none | {"BRANCH_NAME": trigger.branch, "GIT_BRANCH": branches, "BRANCH_IS_PRIMARY": primary}
    return dict.fromkeys((*none, "BRANCH_NAME", "GIT_BRANCH", "BRANCH_IS_PRIMARY"), UNKNOWN)


# Groovy expressions


def value_of(tree: groovy.Tree | None, look: Look) -> Value:
    """The value of an expression; `UNKNOWN` when the files do not say. `look` answers for a dotted name."""
    if tree is None:
        return UNKNOWN
    kind = str(tree[0])
    if kind == "literal":
        return tree[1]
    if kind == "path":
        return look(str(tree[1]))
    if kind == "template":
        return _filled(str(tree[1]), look)
    return _OPERATIONS.get(kind, _unknown)(tree, look)


def _unknown(tree: Any, look: Look) -> Value:
    return UNKNOWN


def _filled(text: str, look: Look) -> Value:
    parts: list[str] = []
    at = 0
    for start, end, inner in groovy.interpolations(text):
        value = value_of(groovy.expression(inner), look)
        if isinstance(value, (Unknown, frozenset)):
            return UNKNOWN
        parts += [text[at:start], str(value)]
        at = end
    return "".join((*parts, text[at:]))


def _truth(value: Value) -> bool | None:
    return None if isinstance(value, Unknown) else bool(value)


def _not(tree: Any, look: Look) -> Value:
    inner = _truth(value_of(tree[1], look))
    return UNKNOWN if inner is None else not inner


def _both(tree: Any, look: Look) -> Value:
    word = _together(tree[0] == "&&", [_truth(value_of(part, look)) for part in tree[1:]])
    return UNKNOWN if word is None else word


def _chosen(tree: Any, look: Look) -> Value:
    word = _truth(value_of(tree[1], look))
    return UNKNOWN if word is None else value_of(tree[2] if word else tree[3], look)


def _compared(tree: Any, look: Look) -> Value:
    left, right = value_of(tree[1], look), value_of(tree[2], look)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    return _same(left, right) is (tree[0] in ("==", "==="))


def _same(left: Value, right: Value) -> bool:
    if isinstance(left, frozenset):
        return right in left
    if isinstance(right, frozenset):
        return left in right
    return bool(left == right)


def _fitted(tree: Any, look: Look) -> Value:
    left, right = value_of(tree[1], look), value_of(tree[2], look)
    if not isinstance(right, str) or isinstance(left, Unknown):
        return UNKNOWN
    texts = left if isinstance(left, frozenset) else {left}
    pattern = right if tree[0] == "==~" else f".*{right}.*"
    words = {fits(pattern, text) if isinstance(text, str) else False for text in texts}
    return True if True in words else UNKNOWN if None in words else False


def _within(tree: Any, look: Look) -> Value:
    left = value_of(tree[1], look)
    items = [value_of(each, look) for each in tree[2][1:]] if tree[2][0] == "list" else [UNKNOWN]
    if isinstance(left, Unknown):
        return UNKNOWN
    if any(not isinstance(item, Unknown) and _same(left, item) for item in items):
        return True
    return UNKNOWN if any(isinstance(item, Unknown) for item in items) else False


def _added(tree: Any, look: Look) -> Value:
    left, right = value_of(tree[1], look), value_of(tree[2], look)
    return left + right if isinstance(left, str) and isinstance(right, str) and tree[0] == "+" else UNKNOWN


_METHODS: dict[str, Callable[[str, str], Value]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": lambda text, part: part in text,
    "equals": lambda text, part: text == part,
    "equalsIgnoreCase": lambda text, part: text.lower() == part.lower(),
    "matches": lambda text, pattern: UNKNOWN if fits(pattern, text) is None else fits(pattern, text),
}
_CHANGES: dict[str, Callable[[str], Value]] = {
    "toLowerCase": str.lower,
    "toUpperCase": str.upper,
    "trim": str.strip,
    "toString": lambda text: text,
    "toBoolean": lambda text: text.lower() in ("true", "y", "1"),
}


def _called(tree: Any, look: Look) -> Value:
    _, receiver, name, arguments = tree
    if receiver is None or len(arguments) > 1:
        return UNKNOWN
    if name == "contains" and receiver[0] == "list" and arguments:
        return _within(("in", arguments[0], receiver), look)
    value = value_of(receiver, look)
    if isinstance(value, bool) and name == "toBoolean":
        return value
    texts = value if isinstance(value, frozenset) else {value}
    if not all(isinstance(text, str) for text in texts):
        return False if value is None and name in _METHODS else UNKNOWN
    if not arguments:
        made = {_CHANGES[name](text) for text in texts} if name in _CHANGES else {UNKNOWN}
        return next(iter(made)) if len(made) == 1 else UNKNOWN
    part = value_of(arguments[0], look)
    if not isinstance(part, str) or name not in _METHODS:
        return UNKNOWN
    words = {_METHODS[name](text, part) for text in texts}
    return True if True in words else UNKNOWN if UNKNOWN in words else False


_OPERATIONS: dict[str, Callable[[Any, Look], Value]] = {
    "!": _not, "&&": _both, "||": _both, "?": _chosen, "==": _compared, "!=": _compared, "===": _compared,
    "==~": _fitted, "=~": _fitted, "in": _within, "+": _added, "call": _called,
}  # fmt: skip


# what a condition names


def names(condition: Condition) -> Iterator[str]:
    """The branches that it names without a wildcard, not counting what it excludes."""
    kind = condition[0]
    if kind in ("all", "any"):
        for each in condition[1:]:
            yield from names(each)
    elif kind == "branch":
        if condition[1] and not set("*?[\\(|") & set(condition[1]):
            yield condition[1]
    elif kind == "groovy" and condition[1] is not None:
        yield from _named(condition[1], 0)


def _named(tree: Any, depth: int) -> Iterator[str]:
    if depth > 40:
        return
    if tree[0] in ("&&", "||"):
        for each in tree[1:]:
            yield from _named(each, depth + 1)
    elif tree[0] == "==":
        sides = {tree[1][0]: tree[1], tree[2][0]: tree[2]}
        if set(sides) == {"path", "literal"} and "BRANCH" in str(sides["path"][1]):
            yield str(sides["literal"][1]).removeprefix("origin/")


def looks_at_result(condition: Condition) -> bool:
    """Whether it asks what the build has come to so far."""
    if condition[0] in ("all", "any", "not"):
        return any(looks_at_result(each) for each in condition[1:])
    return condition[0] == "groovy" and "currentBuild" in repr(condition[1])
