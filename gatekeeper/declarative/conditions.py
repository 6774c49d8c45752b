"""The conditions of a declarative rule: data to tests, in three-valued logic.

A condition is a mapping. Its keys are paths, each with what must hold there, or words that combine conditions (`any`,
`all`, `not`, `when`). Several keys hold together. What is known only at run time is neither true nor false; `any` with
one true part is true all the same, and `all` with one false part is false.

A path walks what was written (`rule.apply_server_side_encryption[*].kms_key`); one that starts with `it.` asks the
model (`it.type`). A name steps into every item of a list, so that a block reads the same written once or often; a leaf
holds when it holds at every place that its path reaches. `a or b` takes the first of two paths that is written;
`container_definitions | json[*].image` reads what a text in JSON says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from gatekeeper.declarative.patterns import Pattern
from gatekeeper.models import Subject
from gatekeeper.node import Expression, Missing, Node, Unresolved, regex

if TYPE_CHECKING:
    from gatekeeper.project import Project


class Context(NamedTuple):
    """What a test may look at beside its node. Only operators that join ask for the project; a rule without one judges
    file by file."""

    subject: Subject
    project: Project | None = None
    inside: bool = False  # paths start at an item, not at the subject

    def assumed(self, path: str) -> Node | None:
        """What the provider takes an absent attribute for; None when nobody wrote that down."""
        ask = None if self.inside else getattr(self.subject, "assumed", None)
        found: Node | None = ask(path) if ask else None
        return found


class Result(NamedTuple):
    """Whether a condition holds (None: not known), and the nodes that decided."""

    truth: bool | None
    at: tuple[Node, ...] = ()


Test = Callable[[Node, Context], Result]
Truth = bool | None
T = TypeVar("T")


class Operator(NamedTuple):
    """One word of the condition language.

    `read(operand, kind)` makes its test, and raises `Malformed` for an operand it cannot use. `absent` is what it says
    of a path that nobody wrote, unless the rule states it; None when it judges absence itself. With `items` it asks
    every item of a list, and an empty list is absence. A `condition` stands where a path may stand; the others stand
    below a path. One that `joins` looks at the whole project.
    """

    read: Callable[[Node, type[Subject]], Test]
    absent: Truth = False
    items: bool = False
    condition: bool = False
    joins: bool = False


class Malformed(Exception):  # a state of the text, as Unresolved and Unreadable are
    """Something in a rule file is not as it must be: where, what was expected, and what to do."""

    def __init__(self, at: Node, message: str) -> None:
        super().__init__(message)
        self.at = at


class Below(Node):
    """Something inside a value that is known only at run time: nobody knows whether it is there."""

    __slots__ = ()


# combining


def negate(result: Result) -> Result:
    return Result(None if result.truth is None else not result.truth, result.at)


def all_of(results: Iterable[Result]) -> Result:
    """False where any is false, with every place that is; else unknown where any is; else true."""
    done = list(results)
    for truth in (False, None):
        at = tuple(node for result in done if result.truth is truth for node in result.at)
        if any(result.truth is truth for result in done):
            return Result(truth, at)
    return Result(True, done[0].at if done else ())


def any_of(results: Iterable[Result]) -> Result:
    """As `all_of`, mirrored; when none is true, the place is one that somebody wrote, if there is one."""
    done = list(results)
    found = negate(all_of(negate(result) for result in done))
    if found.truth is False and found.at:
        at = [node for result in done for node in result.at]
        return Result(False, (next((node for node in at if node.present), at[0]),))
    return found


def read_condition(node: Node, kind: type[Subject]) -> Test:
    """The test that a condition asks for, of nodes of subjects of that kind. Raises `Malformed`."""
    if not node.is_mapping or not len(node):
        raise Malformed(node, "expected a condition: paths with what must hold there, or any, all, not, when")
    tests = [_read_part(key, value, node, kind) for key, value in node.items() if key != "then"]
    if "then" in node and "when" not in node:
        raise Malformed(node["then"], "'then' without 'when': write the two side by side")
    return tests[0] if len(tests) == 1 else lambda at, context: all_of([test(at, context) for test in tests])


def _read_part(key: str, value: Node, node: Node, kind: type[Subject]) -> Test:
    if key == "when":
        return _when(value, node["then"], kind)
    operator = OPERATORS.get(key)
    if operator and operator.condition:
        return operator.read(value, kind)
    return _read_leaf(_read_path(key, value, kind), value, kind, key.replace(_EVERY, ""))


def _when(when: Node, then: Node, kind: type[Subject]) -> Test:
    if isinstance(then, Missing):
        raise Malformed(when, "'when' without 'then': write what must hold beside it")
    condition, consequence = read_condition(when, kind), read_condition(then, kind)

    def test(at: Node, context: Context) -> Result:
        spared = negate(condition(at, context))
        if spared.truth:
            return spared
        result = consequence(at, context)
        return spared if result.truth is False and spared.truth is None else result

    return test


def _conditions(combine: Callable[[Iterable[Result]], Result]) -> Callable[[Node, type[Subject]], Test]:
    def read(operand: Node, kind: type[Subject]) -> Test:
        if not operand.is_list or not len(operand):
            raise Malformed(operand, "expected a list of conditions: start each with '- '")
        tests = [read_condition(each, kind) for each in operand]
        return lambda at, context: combine([test(at, context) for test in tests])

    return read


def _not(operand: Node, kind: type[Subject]) -> Test:
    test = read_condition(operand, kind)
    return lambda at, context: negate(test(at, context))


# paths

_STEP = regex(r'(?:\A|\.)(?:([^\s.\[\]"|]+)|"([^"]*)")|\[(\*|\d{1,4})\]|\s*(\|\s*json)\b')
Steps = tuple[str | int, ...]
_EVERY = "[*]"
_DECODE = "|json"
_ABSENT: dict[str, Truth] = {"pass": True, "fail": False, "unknown": None}


def _read_path(key: str, value: Node, kind: type[Subject]) -> Callable[[Node, Context], list[Node]]:
    """What a path reaches: at least one node, a `Missing` where nothing was written."""
    at = Node(key, value.source, value.key or value.span)
    if key == ".":
        return lambda node, context: list(_walk(node, (_EVERY,)))
    paths = [_steps(path.strip(), at, kind) for path in re.split(r"\s+or\s+", key)]

    def reach(node: Node, context: Context) -> list[Node]:
        found: list[Node] = []
        for model, steps in paths:
            start = _asked(context.subject, steps) if model else list(_walk(node, steps))
            found = found or start
            if any(each.present for each in start):
                return start
        return found

    return reach


def _steps(path: str, at: Node, kind: type[Subject]) -> tuple[bool, Steps]:
    steps: list[str | int] = []
    end = 0
    while end < len(path):
        found = _STEP.match(path, end)
        if not found:
            raise Malformed(
                at, f"{path!r} is no path: expected names joined by '.', '[*]' for every item, '[0]' for one"
            )
        name, quoted, index, decode = found.groups()
        steps.append(_DECODE if decode else _EVERY if index == "*" else int(index) if index else name or quoted or "")
        end = found.end()
    if steps[:1] != ["it"]:
        return False, tuple(steps)
    if len(steps) < 2 or not isinstance(steps[1], str) or steps[1] not in _attributes(kind):
        known = ", ".join(sorted(_attributes(kind)))
        raise Malformed(at, f"{path!r}: {kind.__name__} has no such attribute; it has {known}")
    return True, tuple(steps[1:])


def _attributes(kind: type[Subject]) -> set[str]:
    """The public attributes of a model: those of the class, and those that its constructors set."""
    names: set[str] = set()
    for each in kind.__mro__[:-1]:
        names |= {name for name, value in vars(each).items() if not isinstance(value, type) and not _is_method(value)}
        names |= set(getattr(each, "__annotations__", ())) | set(getattr(each, "__slots__", ()))
        names |= (
            set(vars(each)["__init__"].__code__.co_names) - {"super", "__init__"} if "__init__" in vars(each) else set()
        )
    return {name for name in names if not name.startswith("_")} - {"registry", "example_path"}


def _is_method(value: object) -> bool:
    return callable(value) or isinstance(value, (classmethod, staticmethod))


def _walk(node: Node, steps: Steps) -> Iterator[Node]:
    if not steps:
        yield node
        return
    step, rest = steps[0], steps[1:]
    if step == _DECODE:
        yield from _walk(_decoded(node), rest)
    elif node.expression:
        yield Below(node.expression, node.source, node.span, node.key)
    elif node.is_list and isinstance(step, str):
        inner = rest if step == _EVERY else steps
        found = [each for item in node for each in _walk(item, inner)]
        yield from found or [Missing(node, step)]
    elif step == _EVERY:
        yield from _walk(node, rest)
    else:
        yield from _walk(node[step], rest)


def _decoded(node: Node) -> Node:
    """What a text in JSON says, also one that is made here (`jsonencode`)."""
    from gatekeeper.models.terraform.policy_documents import decoded

    return decoded(node) if node.present else node


def _asked(subject: Subject, steps: Steps) -> list[Node]:
    """What the model answers: its nodes as they stand, its plain values at the place of the subject."""
    value: Any = subject
    for number, step in enumerate(steps):
        if isinstance(value, Node):
            return list(_walk(value, steps[number:]))
        if isinstance(value, (list, set, frozenset, dict)) or type(value) is tuple:
            return list(_walk(_as_node(value, subject), steps[number:]))
        if value is None:
            break
        try:
            value = getattr(value, str(step))
        except Unresolved as unresolved:
            return [Below(unresolved.expression, unresolved.node.source, unresolved.node.span, unresolved.node.key)]
    return [_as_node(value, subject)]


def _as_node(value: Any, subject: Subject) -> Node:
    if isinstance(value, Node):
        return value
    if isinstance(value, Subject):
        return value.node
    if isinstance(value, dict):
        value = {str(key): _as_node(each, subject) for key, each in value.items()}
    elif isinstance(value, (set, frozenset)):
        value = [_as_node(each, subject) for each in sorted(value, key=str)]
    elif isinstance(value, (list, tuple)) and not isinstance(value, Expression):
        value = [_as_node(each, subject) for each in value]
    return Node(value, subject.node.source, subject.span)


# leaves


def _read_leaf(
    reach: Callable[[Node, Context], list[Node]], operand: Node, kind: type[Subject], assumed: str = ""
) -> Test:
    judge = _read_operators(operand, kind, assumed)
    return lambda node, context: all_of([judge(each, context) for each in reach(node, context)])


def _read_operators(operand: Node, kind: type[Subject], assumed: str = "") -> Test:
    """The operators below a path; a plain value is short for `equals`, a list for `in`. `assumed` is the path whose
    default counts where nobody wrote anything."""
    if not operand.is_mapping:
        if not operand.present:
            raise Malformed(operand, "expected what must hold here, such as {equals: true} or {present: false}")
        return _guarded(OPERATORS["in" if operand.is_list else "equals"], operand, kind, {}, assumed)
    stated = _stated_absence(operand)
    tests: list[Test] = []
    for key, value in operand.items():
        if key == "absent":
            continue
        if key not in OPERATORS or OPERATORS[key].condition:
            words = ", ".join(name for name, each in OPERATORS.items() if not each.condition)
            raise Malformed(
                Node(key, value.source, value.key or value.span), f"{key!r} is no operator; there are {words}"
            )
        tests.append(_guarded(OPERATORS[key], value, kind, stated, assumed))
    if not tests:
        raise Malformed(operand, "expected an operator, such as {equals: true}; for absence alone, {present: false}")
    return tests[0] if len(tests) == 1 else lambda node, context: all_of([test(node, context) for test in tests])


def _stated_absence(operand: Node) -> dict[str, Truth]:
    absent = operand["absent"]
    if isinstance(absent, Missing):
        return {}
    if not isinstance(absent.value, str) or absent.value not in _ABSENT:
        raise Malformed(absent, "'absent' says what absence means: pass, fail or unknown")
    return {"absent": _ABSENT[absent.value]}


def _guarded(operator: Operator, operand: Node, kind: type[Subject], stated: dict[str, Truth], assumed: str) -> Test:
    """The operator's test where something was written, and what its absence means where nothing was: what the rule
    states, else what the provider takes it for, else the operator's own answer."""
    test = operator.read(operand, kind)
    if operator.absent is None:
        return test
    absent = stated.get("absent", operator.absent)
    whole = operator in (OPERATORS["equals"], OPERATORS["not_equals"]) and operand.is_list

    def judge(node: Node, context: Context) -> Result:
        if not node.present or (operator.items and node.is_list and not node):
            default = context.assumed(assumed) if assumed and not stated else None
            if default is not None and default.present:
                return Result(test(default, context).truth, (default if default.expression else node,))
            return Result(absent, (node,))
        if operator.items and node.is_list and not whole:
            return all_of([judge(item, context) for item in node])
        return test(node, context)

    return judge


def _of_value(
    says: Callable[[Node, Any], Truth],
    prepare: Callable[[Node], Any],
    partly: Callable[[Sequence[str], Any], Truth] | None = None,
) -> Callable[[Node, type[Subject]], Test]:
    """An operator's reader: `prepare` makes its operand once, `says` judges a known value by it, and `partly` a text of
    which only parts are known."""

    def read(operand: Node, kind: type[Subject]) -> Test:
        prepared = prepare(operand)

        def test(node: Node, context: Context) -> Result:
            if not node.known:
                known = parts(node) if partly else []
                return Result(partly(known, prepared) if partly and known else None, (node,))
            truth = says(node, prepared)
            return Result(truth, _unresolved(node) if truth is None else (node,))

        return test

    return read


def parts(node: Node) -> list[str]:
    """What is known of a text that is not known whole, before, between and behind the rest; else nothing."""
    from gatekeeper.models.terraform import values

    return values.parts(node)


def _unresolved(node: Node) -> tuple[Node, ...]:
    return tuple(each for each in node.walk() if not each.known)[:1] or (node,)


def _either_way(truth: Truth) -> Truth:
    return None if truth is None else not truth


def same(node: Node, wanted: Any) -> Truth:
    """Whether a node's value is that plain value; text and what it spells are the same ("true" is true, "3" is 3)."""
    if not node.known:
        return None
    value = node.value
    if isinstance(value, dict) and isinstance(wanted, dict):
        if value.keys() != wanted.keys():
            return False
        return _all(same(value[key], each) for key, each in wanted.items())
    if isinstance(value, list) and isinstance(wanted, list):
        return len(value) == len(wanted) and _all(same(*pair) for pair in zip(value, wanted, strict=True))
    if isinstance(value, (dict, list)) or isinstance(wanted, (dict, list)) or value is None or wanted is None:
        return value is wanted
    if isinstance(wanted, bool) and not isinstance(value, bool):
        return _same_flag(value, wanted)
    if _is_number(wanted) and not isinstance(value, bool):
        return bool(node.number == wanted)
    if _is_number(value) and isinstance(wanted, str):
        return bool(Node(wanted, node.source, node.span).number == value)
    return node.text == _text(wanted)


_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_LIKE_FLAGS = frozenset(("true", "false", "yes", "no", "on", "off", "t", "f", "y", "n"))


def _same_flag(value: Any, wanted: bool) -> Truth:
    """What Terraform takes for true and false. What only looks like it ("True", "yes") it refuses."""
    if isinstance(value, str) and value in _FLAGS:
        return _FLAGS[value] is wanted
    return None if str(value).lower() in _LIKE_FLAGS else False


def _all(truths: Iterable[Truth]) -> Truth:
    seen = set(truths)
    return False if False in seen else None if None in seen else True


def _any(truths: Iterable[Truth]) -> Truth:
    seen = set(truths)
    return True if True in seen else None if None in seen else False


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _among(node: Node, wanted: list[Any]) -> Truth:
    return _any(same(node, each) for each in wanted)


def _contains(node: Node, wanted: Any) -> Truth:
    value = node.value
    if isinstance(value, list):
        return _any(same(item, wanted) for item in node)
    return _text(wanted) in value if isinstance(value, (str, dict)) else same(node, wanted)


def _contains_all(node: Node, wanted: list[Any]) -> Truth:
    return _all(_contains(node, each) for each in wanted)


def _contains_none(node: Node, wanted: Any) -> Truth:
    return _either_way(_any(_contains(node, each) for each in (wanted if isinstance(wanted, list) else [wanted])))


def _contains_keys(node: Node, wanted: list[Any]) -> Truth:
    return node.is_mapping and all(_text(key) in node.value for key in wanted)


def _at_least(node: Node, limit: float) -> Truth:
    return node.number is not None and node.number >= limit


def _at_most(node: Node, limit: float) -> Truth:
    return node.number is not None and node.number <= limit


def _matches(node: Node, pattern: Pattern) -> Truth:
    return not node.is_mapping and pattern.search(node.text)


def _same_around(known: Sequence[str], wanted: Any) -> Truth:
    """Whether a text with these parts is that value: they can only rule it out."""
    if isinstance(wanted, (bool, int, float)):
        return None  # these are spelt in many ways
    text = _text(wanted)
    return None if text.startswith(known[0]) and text[len(known[0]) :].endswith(known[-1]) else False


def _among_around(known: Sequence[str], wanted: list[Any]) -> Truth:
    return _any(_same_around(known, each) for each in wanted)


def _matches_around(known: Sequence[str], pattern: Pattern) -> Truth:
    return pattern.search_around(known)


def _nonempty_around(known: Sequence[str], wanted: bool) -> Truth:
    return wanted if any(part.strip() for part in known) else None


def _nonempty(node: Node, wanted: bool) -> Truth:
    value = node.value
    filled = bool(value.strip() if isinstance(value, str) else value) if isinstance(value, (str, list, dict)) else True
    return filled == wanted


def _present(operand: Node, kind: type[Subject]) -> Test:
    """Whether somebody wrote it. An expression is written; what may be inside one is not known. To Terraform an empty
    text is nothing."""
    wanted = _flag(operand)

    def test(node: Node, context: Context) -> Result:
        present = node.present and not (node.known and node.value == "" and context.subject.technology == "terraform")
        return Result(None if _may_be_absent(node) else present == wanted, (node,))

    return test


def _may_be_absent(node: Node) -> bool:
    return isinstance(node, Below) or bool(node.expression and node.expression.may_be_null)


def _length(operand: Node, kind: type[Subject]) -> Test:
    judge = _read_operators(operand, kind)

    def test(node: Node, context: Context) -> Result:
        if not node.known:
            return Result(None, (node,))
        size = len(node) if node.is_list or node.is_mapping or isinstance(node.value, str) else 1
        return Result(judge(Node(size, node.source, node.span, node.key), context).truth, (node,))

    return test


def _items(combine: Callable[[Iterable[Result]], Result]) -> Callable[[Node, type[Subject]], Test]:
    """`each` and `some`: a condition whose paths start at an item; `.` is the item. One block is a list of one."""

    def read(operand: Node, kind: type[Subject]) -> Test:
        condition = read_condition(operand, kind)

        def judge(item: Node, context: Context) -> Result:
            return condition(item, context) if item.known or parts(item) else Result(None, (item,))

        def test(node: Node, context: Context) -> Result:
            if not node.known:
                return Result(None, (node,))
            inside = context._replace(inside=True)
            result = combine([judge(item, inside) for item in (node if node.is_list else [node])])
            return result if result.at else Result(result.truth, (node,))

        return test

    return read


# operands


def _plain(operand: Node) -> Any:
    if not operand.present:
        raise Malformed(operand, "expected a value; for what must not be written, {present: false}")
    return operand.plain


def _values(operand: Node) -> list[Any]:
    if not operand.is_list or not len(operand):
        raise Malformed(operand, "expected a list of values: [a, b]")
    return [_plain(each) for each in operand]


def _compared(says: Callable[[Node, float], Truth]) -> Callable[[Node, type[Subject]], Test]:
    """`gte` and `lte`: against a number, or against what stands at another path (`{path: scaling_config.min_size}`)."""
    plain = _of_value(says, _number)

    def read(operand: Node, kind: type[Subject]) -> Test:
        if not operand.is_mapping:
            return plain(operand, kind)
        path = operand["path"]
        if not isinstance(path.value, str):
            raise Malformed(operand, "expected a number, or {path: a.b}")
        reach = _read_path(path.value, path, kind)

        def test(node: Node, context: Context) -> Result:
            other = reach(context.subject.node, context)[0]
            if not node.known or not other.known:
                return Result(None, (node if not node.known else other,))
            limit = other.number
            return Result(None, (other,)) if limit is None else Result(says(node, limit), (node,))

        return test

    return read


def _number(operand: Node) -> float:
    if not _is_number(operand.value):
        raise Malformed(operand, "expected a number")
    number: float = operand.value
    return number


def _flag(operand: Node) -> bool:
    if not isinstance(operand.value, bool):
        raise Malformed(operand, "expected true or false")
    return operand.value


def _pattern(operand: Node) -> Pattern:
    if not isinstance(operand.value, str):
        raise Malformed(operand, "expected a regular expression in quotes")
    try:
        return Pattern(operand.value)
    except ValueError as error:
        raise Malformed(operand, f"{operand.value!r} is no regular expression that can be used here: {error}") from None


def _negative(says: Callable[[T, Any], Truth]) -> Callable[[T, Any], Truth]:
    return lambda found, wanted: _either_way(says(found, wanted))


OPERATORS: dict[str, Operator] = {
    # below a path
    "equals": Operator(_of_value(same, _plain, _same_around), items=True),
    "not_equals": Operator(_of_value(_negative(same), _plain, _negative(_same_around)), items=True, absent=True),
    "in": Operator(_of_value(_among, _values, _among_around), items=True),
    "not_in": Operator(_of_value(_negative(_among), _values, _negative(_among_around)), items=True, absent=True),
    "gte": Operator(_compared(_at_least), items=True),
    "lte": Operator(_compared(_at_most), items=True),
    "matches": Operator(_of_value(_matches, _pattern, _matches_around), items=True),
    "not_matches": Operator(
        _of_value(_negative(_matches), _pattern, _negative(_matches_around)), items=True, absent=True
    ),
    "present": Operator(_present, absent=None),
    "nonempty": Operator(_of_value(_nonempty, _flag, _nonempty_around)),
    "contains": Operator(_of_value(_contains, _plain)),
    "contains_all": Operator(_of_value(_contains_all, _values)),
    "contains_keys": Operator(_of_value(_contains_keys, _values)),
    "not_contains": Operator(_of_value(_contains_none, _plain), absent=True),
    "length": Operator(_length),
    "each": Operator(_items(all_of), absent=True),
    "some": Operator(_items(any_of)),
    # in the place of a path; `when` with its `then` is read with the condition that holds both
    "any": Operator(_conditions(any_of), condition=True),
    "all": Operator(_conditions(all_of), condition=True),
    "not": Operator(_not, condition=True),
}
