"""When a stage or step of a Jenkinsfile runs: `when`, and the `if` around it, in three values.

Sources: "Pipeline Syntax" (`when`) and "Using environment variables" of Jenkins' handbook; for the variables of
multibranch projects the help of the Branch API plugin (BRANCH_NAME, CHANGE_ID, CHANGE_TARGET, TAG_NAME).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from gatekeeper.models.pipeline.expressions import UNKNOWN, Unknown, Value
from gatekeeper.models.pipeline.ir import Trigger
from gatekeeper.models.terraform.regexes import Unsupported, compiled
from gatekeeper.parsers.groovy_conditions import Tree, expression
from gatekeeper.parsers.groovy_tokens import interpolations

Condition = tuple[Any, ...]
# (branch, pattern, comparator) (tag, pattern, comparator) (tagged,) (change, ((field, pattern, comparator), …))
# (groovy, tree) (cause, name) (is, name, value) (not, a) (all, …) (any, …) (open, why)

Look = Callable[[str], Value]

_WILD = frozenset("*?[\\(|")


class Some(str):
    """The name of a branch or tag that stands for others: for none of `told`, names and globs which have their own."""

    told: frozenset[str]

    def __new__(cls, text: str, told: frozenset[str] = frozenset()) -> Some:
        made = super().__new__(cls, text)
        made.told = told
        return made


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
    return _scm(condition, look)


def _together(every: bool, words: list[bool | None]) -> bool | None:
    if (not every) in words:
        return not every
    return None if None in words else every


def _scm(condition: Condition, look: Look) -> bool | None:
    kind = condition[0]
    if kind == "branch":
        return _matches(look("BRANCH_NAME"), condition[1], condition[2])
    if kind in ("tag", "tagged"):
        tag = look("TAG_NAME")
        if isinstance(tag, Unknown) or tag is None:
            return None if isinstance(tag, Unknown) else False
        return True if kind == "tagged" else _matches(tag, condition[1], condition[2])
    if kind == "change":
        change = look("CHANGE_ID")
        if isinstance(change, Unknown) or change is None:
            return None if isinstance(change, Unknown) else False
        words = [_matches(look("CHANGE_TARGET"), p, c) if field == "target" else None for field, p, c in condition[1]]
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
        return _sure(value, fits(pattern, str(value)))
    if comparator.upper() == "EQUALS" or not _WILD & set(pattern):
        return _same(value, pattern)
    word = fnmatchcase(str(value), pattern.replace("**", "*"))
    return word if isinstance(value, Some) and pattern in value.told else _sure(value, word)


def _sure(value: Value, word: bool | None) -> bool | None:
    """What does not hold for a name that stands for others may hold for one of those."""
    return None if isinstance(value, Some) and not word else word


def fits(pattern: str, text: str, *, whole: bool = True) -> bool | None:
    """Whether a text, or some of it, fits a regular expression; None for an expression that cannot be read here."""
    try:
        return compiled(rf"\A(?:{pattern})\z" if whole else pattern).search(text) is not None
    except Unsupported:
        return None


def builtins(trigger: Trigger, told: frozenset[str], targets: frozenset[str]) -> dict[str, Value]:
    """What the variables of a multibranch project are in the runs that a trigger starts.

    The branches of `told`, and requests to those of `targets`, have triggers of their own.
    """
    none: dict[str, Value] = dict.fromkeys(
        ("TAG_NAME", "CHANGE_ID", "CHANGE_TARGET", "CHANGE_BRANCH", "BRANCH_IS_PRIMARY")
    )
    if trigger.ref == "pr":
        return none | {
            "BRANCH_NAME": "PR-1",
            "GIT_BRANCH": "PR-1",
            "CHANGE_ID": "1",
            "CHANGE_TARGET": Some(trigger.branch, targets),
            "CHANGE_BRANCH": Some("some-branch"),
        }
    if trigger.ref == "tag":
        tag = Some(trigger.branch)
        return none | {"BRANCH_NAME": tag, "TAG_NAME": tag, "GIT_BRANCH": tag}
    if trigger.event == "push":
        name = Some(trigger.branch, told) if trigger.pattern else trigger.branch
        told = frozenset(f"{start}{each}" for each in told for start in _STARTS)
        names = [f"{start}{name}" for start in _STARTS]
        branches = frozenset(Some(each, told) if trigger.pattern else each for each in names)
        primary = "true" if trigger.ref == "push-default" else None
        return none | {"BRANCH_NAME": name, "GIT_BRANCH": branches, "BRANCH_IS_PRIMARY": primary}
    return dict.fromkeys((*none, "BRANCH_NAME", "GIT_BRANCH"), UNKNOWN)


_STARTS = ("", "origin/", "refs/heads/")  # how plugins write the name of a branch


# Groovy expressions


def value_of(tree: Tree | None, look: Look) -> Value:
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
    for start, end, inner in interpolations(text):
        value = value_of(expression(inner), look)
        if isinstance(value, (Unknown, frozenset, Some)):
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
    word = _same(left, right)
    return UNKNOWN if word is None else word is (tree[0] in ("==", "==="))


def _same(left: Value, right: Value) -> bool | None:
    if isinstance(left, frozenset):
        return _together(False, [_same(each, right) for each in left])
    if isinstance(right, frozenset):
        return _same(right, left)
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Some) and one != other:
            return False if other in one.told or not isinstance(other, str) else None
    return bool(left == right)


def _fitted(tree: Any, look: Look) -> Value:
    left, right = value_of(tree[1], look), value_of(tree[2], look)
    if not isinstance(right, str) or isinstance(left, Unknown):
        return UNKNOWN
    whole = tree[0] == "==~"
    if whole and (listed := _listed(right)):
        word = _together(False, [_same(left, each) for each in listed])
        return UNKNOWN if word is None else word
    texts = left if isinstance(left, frozenset) else {left}
    words = {_sure(text, fits(right, text, whole=whole)) if isinstance(text, str) else False for text in texts}
    return True if True in words else UNKNOWN if None in words else False


def _listed(pattern: str) -> list[str]:
    """The names that a pattern only lists: `(main|develop)`."""
    plain = pattern.removeprefix("^").removesuffix("$").removeprefix("(").removesuffix(")")
    return plain.split("|") if all(each.isalnum() or each in "-_/|" for each in plain) else []


def _within(tree: Any, look: Look) -> Value:
    left = value_of(tree[1], look)
    items = [value_of(each, look) for each in tree[2][1:]] if tree[2][0] == "list" else [UNKNOWN]
    if isinstance(left, Unknown):
        return UNKNOWN
    word = _together(False, [None if isinstance(item, Unknown) else _same(left, item) for item in items])
    return UNKNOWN if word is None else word


def _added(tree: Any, look: Look) -> Value:
    left, right = value_of(tree[1], look), value_of(tree[2], look)
    if any(not isinstance(each, str) or isinstance(each, Some) for each in (left, right)):
        return UNKNOWN
    return left + right if tree[0] == "+" else UNKNOWN


_METHODS: dict[str, Callable[[str, str], bool | None]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": lambda text, part: part in text,
    "equals": lambda text, part: text == part,
    "equalsIgnoreCase": lambda text, part: text.lower() == part.lower(),
    "matches": lambda text, pattern: fits(pattern, text),
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
        if any(isinstance(text, Some) for text in texts):
            return UNKNOWN
        made = {_CHANGES[name](text) for text in texts} if name in _CHANGES else {UNKNOWN}
        return next(iter(made)) if len(made) == 1 else UNKNOWN
    part = value_of(arguments[0], look)
    if not isinstance(part, str) or name not in _METHODS:
        return UNKNOWN
    if name == "equals":
        word = _same(value, part)
    else:
        word = _together(False, [_sure(text, _METHODS[name](text, part)) for text in texts])
    return UNKNOWN if word is None else word


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
        if condition[1] and not _WILD & set(condition[1]):
            yield condition[1]
    elif kind == "groovy" and condition[1] is not None:
        yield from _named(condition[1], 0)


def patterns(condition: Condition) -> Iterator[str]:
    """The branches that it names with `*` and `?`."""
    for kind, *rest in _parts(condition):
        pattern = rest[0] if kind == "branch" and rest[1].upper() == "GLOB" else ""
        if pattern and set("*?") & set(pattern) and not set("[\\(|") & set(pattern):
            yield pattern


def targets(condition: Condition) -> Iterator[str]:
    """The branches that requests are asked to go to."""
    for kind, *rest in _parts(condition):
        for field, pattern, comparator in rest[0] if kind == "change" else ():
            if field == "target" and pattern and comparator.upper() == "EQUALS":
                yield pattern


def _parts(condition: Condition) -> Iterator[Condition]:
    if condition[0] in ("all", "any", "not"):
        for each in condition[1:]:
            yield from _parts(each)
    else:
        yield condition


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
    elif tree[0] in ("in", "==~") and tree[1][0] == "path" and "BRANCH" in str(tree[1][1]):
        items = tree[2][1:] if tree[2][0] == "list" else [("literal", each) for each in _listed(str(tree[2][-1]))]
        yield from (str(item[1]) for item in items if item[0] == "literal")


def looks_at_result(condition: Condition) -> bool:
    """Whether it asks what the build has come to so far."""
    if condition[0] in ("all", "any", "not"):
        return any(looks_at_result(each) for each in condition[1:])
    return condition[0] == "groovy" and "currentBuild" in repr(condition[1])
