"""What expressions come to: nodes that are evaluated when they are read.

A value is known, or it is an `Expression` that names what it waits for ("var.region has no default"). Operators know
what follows all the same: `false && x` is false, and a conditional with equal branches needs no test.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

from gatekeeper.node import Expression, Node, Source, Span, Unresolved
from gatekeeper.parsers import hcl

DEPTH = 60  # how many values may wait for each other
SIZE = 20_000  # nodes in one value, characters of one text: locals may double each other
EXPANDED = 200  # blocks that one dynamic block is read as; those beyond are one that is not known


class Scope:
    """What the names in an expression mean. Without a module, no name means anything."""

    def __init__(self, names: dict[str, Node] | None = None) -> None:
        self.names = names or {}

    def find(self, expr: hcl.Expr, root: str, word: str | None) -> tuple[Node | Expression, int]:
        """The value of a reference's first words, and how many words behind the first that took."""
        if root in self.names:
            return self.names[root], 0
        return Expression(expr.text, "is not known here"), 0

    def with_names(self, names: dict[str, Node]) -> Scope:
        return Inner(self, names)


class Inner(Scope):
    """A scope within another: of a `for`, a splat, a dynamic block."""

    def __init__(self, outer: Scope, names: dict[str, Node]) -> None:
        super().__init__(names)
        self.outer = outer

    def find(self, expr: hcl.Expr, root: str, word: str | None) -> tuple[Node | Expression, int]:
        if root in self.names:
            return self.names[root], 0
        return self.outer.find(expr, root, word)


class Value(Node):
    """A node that was computed; `weight` is how many nodes it comes to."""

    __slots__ = ("weight",)

    def __init__(self, value: Any, source: Source, span: Span, key: Span | None = None, tag: str = "") -> None:
        super().__init__(value, source, span, key, tag)
        self.weight = 1


_under_way: list[object] = []


class Lazy(Node):
    """The value of an attribute: evaluated when it is first read."""

    __slots__ = ("_done", "_make", "_place", "_words")

    def __init__(
        self, make: Callable[[], Node], source: Source, place: Callable[[], tuple[Span, Span | None]], words: str
    ) -> None:
        self.source = source
        self.tag = ""
        self._make = make
        self._place: Any = place
        self._words = words
        self._done: Node | None = None

    @property
    def node(self) -> Node:
        if self._done is None:
            if any(each is self for each in _under_way):
                return Node(Expression(self._words, "depends on itself"), self.source, self.span)
            if len(_under_way) > DEPTH:
                return Node(Expression(self._words, "depends on too many other values"), self.source, self.span)
            _under_way.append(self)
            try:
                self._done = self._make()
            finally:
                _under_way.pop()
        return self._done

    @property
    def weight(self) -> int:
        return weight(self.node)

    @property
    def _value(self) -> Any:
        return self.node._value

    @property
    def span(self) -> Span:  # type: ignore[override]  # a slot of Node, found when asked for
        return self._found_place()[0]

    @property
    def key(self) -> Span | None:  # type: ignore[override]  # as above
        return self._found_place()[1]

    def _found_place(self) -> tuple[Span, Span | None]:
        if callable(self._place):
            self._place = self._place()
        found: tuple[Span, Span | None] = self._place
        return found


def weight(node: Node) -> int:
    if isinstance(node, (Value, Lazy)):
        return node.weight
    value = node._value
    if isinstance(value, dict):
        return 1 + sum(map(weight, value.values()))
    if isinstance(value, list):
        return 1 + sum(map(weight, value))
    return 1


def attribute(found: hcl.Attribute, scope: Scope) -> Lazy:
    """The node of an attribute, placed at its value, with its name as key."""
    return Lazy(
        lambda: evaluate(found.expr, scope), found.home.source, lambda: (found.expr.span, found.key), found.name
    )


def body(found: hcl.Body, scope: Scope) -> dict[str, Node]:
    """Attributes and nested blocks as one mapping; a block that stands several times is a list.

    A nested block's labels are its node's `tag`. A dynamic block stands under the name of what it gives; when nobody
    knows how often it does, that is an expression.
    """
    entries: dict[str, Node] = {name: attribute(each, scope) for name, each in found.attributes.items()}
    groups: dict[str, list[hcl.Block]] = {}
    for inner in found.blocks:
        dynamic = inner.type == "dynamic" and inner.labels
        groups.setdefault(inner.labels[0] if dynamic else inner.type, []).append(inner)
    for name, inners in groups.items():
        if name in entries:
            continue
        if any(inner.type == "dynamic" for inner in inners):
            entries[name] = _dynamic(name, inners, scope)
        elif len(inners) == 1:
            entries[name] = block(inners[0], scope)
        else:
            nodes = [block(inner, scope) for inner in inners]
            entries[name] = Node(nodes, nodes[0].source, nodes[0].span, nodes[0].key)
    return entries


def block(found: hcl.Block, scope: Scope) -> Node:
    return Node(body(found.body, scope), found.home.source, found.span, found.header, " ".join(found.labels))


def _dynamic(name: str, inners: list[hcl.Block], scope: Scope) -> Lazy:
    first = inners[0]

    def make() -> Node:
        nodes: list[Node] = []
        for inner in inners:
            if inner.type == "dynamic":
                times = _each(inner, scope)
                if times.expression:
                    return times
            nodes += expanded(inner, scope)
        value = None if not nodes else nodes[0]._value if len(nodes) == 1 else nodes
        return Node(value, first.home.source, first.span, first.header)

    return Lazy(make, first.home.source, lambda: (first.span, first.header), name)


def _each(dynamic: hcl.Block, scope: Scope) -> Node:
    found = dynamic.body.attributes.get("for_each")
    if found is None:
        return Node(Expression("for_each", "is missing"), dynamic.home.source, dynamic.header)
    return attribute(found, scope)


def expanded(found: hcl.Block, scope: Scope) -> list[Node]:
    """The blocks that a nested block stands for: itself, or what a dynamic block gives.

    When nobody knows for what it is repeated, that is one block, whose iterator is not known.
    """
    if found.type != "dynamic":
        return [block(found, scope)]
    content = next((inner for inner in found.body.blocks if inner.type == "content"), None)
    if content is None or not found.labels:
        return []
    iterator = found.body.attributes.get("iterator")
    name = iterator.expr.text if iterator else found.labels[0]
    each = _each(found, scope)
    value = each._value
    unknown = Node(Expression(name, "differs from block to block"), each.source, each.span)
    if isinstance(value, dict):
        pairs = [(Node(key, each.source, each.span), item) for key, item in value.items()]
    elif isinstance(value, list):
        written = found.body.attributes["for_each"].expr
        numbered = isinstance(written, hcl.Tuple)  # of anything else it may be a set, whose keys are its values
        pairs = [(Node(n, each.source, each.span) if numbered else unknown, item) for n, item in enumerate(value)]
    elif value is None:
        pairs = []
    else:
        pairs = [(unknown, unknown)]
    if len(pairs) > EXPANDED:
        pairs = [*pairs[:EXPANDED], (unknown, unknown)]
    made = []
    for key, item in pairs:
        iterated = Node({"key": key, "value": item}, each.source, each.span)
        entries = body(content.body, scope.with_names({name: iterated}))
        made.append(Node(entries, found.home.source, found.span, found.header))
    return made


def evaluate(expr: hcl.Expr, scope: Scope) -> Node:
    """The value of an expression, placed where the expression stands."""
    try:
        value = _BY_TYPE[type(expr)](expr, scope)
    except Unresolved as unresolved:
        value = unresolved.expression
    except RecursionError:
        value = Expression(expr.text, "nests too deeply to be evaluated")
    except (TypeError, ValueError, ArithmeticError):
        value = Expression(expr.text, "cannot be evaluated")
    node = Value(value, expr.home.source, expr.span)
    if isinstance(value, (dict, list)):
        node.weight += sum(map(weight, value.values() if isinstance(value, dict) else value))
    if node.weight > SIZE or (isinstance(value, str) and len(value) > SIZE and not isinstance(expr, hcl.Literal)):
        return Value(Expression(expr.text[:80], "is too large to be evaluated"), expr.home.source, node.span)
    return node


def _unknown(expr: hcl.Expr, reason: str) -> Expression:
    return Expression(" ".join(expr.text.split())[:120], reason)


def _literal(expr: hcl.Literal, scope: Scope) -> Any:
    return expr.value


def _template(expr: hcl.Template, scope: Scope) -> Any:
    if len(expr.parts) == 1 and isinstance(expr.parts[0], hcl.Expr):
        return evaluate(expr.parts[0], scope)._value  # "${x}" is x
    return "".join(part if isinstance(part, str) else _text(evaluate(part, scope)) for part in expr.parts)


def _text(node: Node) -> str:
    if node.value is None or isinstance(node.value, (dict, list)):
        raise TypeError("no text")
    return node.text


def _tuple(expr: hcl.Tuple, scope: Scope) -> Any:
    return [evaluate(item, scope) for item in expr.items]


def _object(expr: hcl.Object, scope: Scope) -> Any:
    found: dict[str, Node] = {}
    for key, value in expr.pairs:
        node = evaluate(value, scope)
        node.key = key.span
        found[_text(evaluate(key, scope))] = node
    return found


def _variable(expr: hcl.Variable, scope: Scope) -> Any:
    found, _ = scope.find(expr, expr.name, None)
    return found._value if isinstance(found, Node) else found


def _reference(expr: hcl.Expr, scope: Scope) -> Any:
    steps: list[hcl.GetAttr | hcl.Index] = []
    root = expr
    while isinstance(root, (hcl.GetAttr, hcl.Index)):
        steps.append(root)
        root = root.of
    steps.reverse()
    node: Node | Expression
    if isinstance(root, hcl.Variable):
        first = steps[0]
        node, taken = scope.find(expr, root.name, first.name if isinstance(first, hcl.GetAttr) else None)
        steps = steps[taken:]
    else:
        node = evaluate(root, scope)
    for step in steps:
        if isinstance(node, Expression):
            return node
        key = step.name if isinstance(step, hcl.GetAttr) else evaluate(step.key, scope).value
        found = _item(node, key)
        node = _unknown(expr, "refers to an element that is not there") if found is None else found
    return node._value if isinstance(node, Node) else node


def _item(node: Node, key: Any) -> Node | None:
    value = node.value
    if isinstance(value, dict):
        found: Node | None = value.get(_text(Node(key, node.source, node.span)))
        return found
    if isinstance(value, list):
        number = Node(key, node.source, node.span).number
        if isinstance(number, int) and 0 <= number < len(value):
            item: Node = value[number]
            return item
    return None


def _splat(expr: hcl.Splat, scope: Scope) -> Any:
    of = evaluate(expr.of, scope)
    items = of.value if isinstance(of.value, list) else [] if of.value is None else [of]
    return [evaluate(expr.each, scope.with_names({"*": item})) for item in items]


def _conditional(expr: hcl.Conditional, scope: Scope) -> Any:
    test = evaluate(expr.test, scope)
    if test.known:
        return evaluate(expr.yes if _truth(test) else expr.no, scope)._value
    yes, no = evaluate(expr.yes, scope), evaluate(expr.no, scope)
    try:
        if same(yes, no):
            return yes._value
    except Unresolved:
        pass
    return test.expression


def _truth(node: Node) -> bool:
    value = {"true": True, "false": False}.get(node.value, node.value) if isinstance(node.value, str) else node.value
    if not isinstance(value, bool):
        raise TypeError("no truth value")
    return value


def same(left: Node, right: Node) -> bool:
    """Whether two values are equal and of one type. Raises `Unresolved`."""
    return bool(_typed(left.plain) == _typed(right.plain))


def _typed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "number", value
    return type(value), value


def _unary(expr: hcl.Unary, scope: Scope) -> Any:
    of = evaluate(expr.of, scope)
    return not _truth(of) if expr.operator == "!" else -_number(of)


def _number(node: Node) -> float | int:
    number = None if isinstance(node.value, bool) else node.number
    if number is None:
        raise TypeError("no number")
    return number


def _divide(left: float, right: float) -> float:
    return _whole(left / right)


def _whole(value: float) -> float | int:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": _divide, "%": lambda a, b: a - b * int(a / b),
}  # fmt: skip


def _binary(expr: hcl.Binary, scope: Scope) -> Any:
    left = evaluate(expr.left, scope)
    if expr.operator in ("&&", "||"):
        decides = expr.operator == "||"
        if left.known and _truth(left) is decides:
            return decides
        right = evaluate(expr.right, scope)
        if right.known and _truth(right) is decides:
            return decides
        return left.expression or right.expression or not decides
    right = evaluate(expr.right, scope)
    if expr.operator in ("==", "!="):
        return same(left, right) is (expr.operator == "==")
    return _whole(_OPERATIONS[expr.operator](_number(left), _number(right)))


def _call(expr: hcl.Call, scope: Scope) -> Any:
    function = _FUNCTIONS.get(expr.name.removeprefix("core::"))
    if function is None:
        return _unknown(expr, "calls a function that is not evaluated here")
    arguments = [evaluate(argument, scope) for argument in expr.arguments]
    if expr.expands:
        arguments[-1:] = list(arguments[-1])
    return function(arguments)


def _merge(arguments: list[Node]) -> Any:
    return {key: value for each in arguments for key, value in each.items()}


def _concat(arguments: list[Node]) -> Any:
    return [item for each in arguments for item in each]


def _set(arguments: list[Node]) -> Any:
    found: dict[Any, Node] = {}
    for item in arguments[0]:
        found.setdefault(repr(item.plain), item)
    return list(found.values())


def _lookup(arguments: list[Node]) -> Any:
    found = _item(arguments[0], arguments[1].value)
    if found is None and len(arguments) < 3:
        raise ValueError("no such key")
    return (arguments[2] if found is None else found)._value


_FUNCTIONS: dict[str, Callable[[list[Node]], Any]] = {
    "merge": _merge,
    "concat": _concat,
    "toset": _set,
    "lookup": _lookup,
    "tolist": lambda a: list(a[0]),
    "tomap": lambda a: dict(a[0].items()),
    "tostring": lambda a: None if a[0].value is None else _text(a[0]),
    "tonumber": lambda a: None if a[0].value is None else _number(a[0]),
    "tobool": lambda a: None if a[0].value is None else _truth(a[0]),
    "sensitive": lambda a: a[0]._value,
    "nonsensitive": lambda a: a[0]._value,
    "lower": lambda a: _text(a[0]).lower(),
    "upper": lambda a: _text(a[0]).upper(),
    "join": lambda a: _text(a[0]).join(_text(item) for each in a[1:] for item in each),
    "length": lambda a: len(a[0]),
    "keys": lambda a: [Node(key, value.source, value.span) for key, value in sorted(a[0].items(), key=lambda p: p[0])],
    "values": lambda a: [value for _, value in sorted(a[0].items(), key=lambda pair: pair[0])],
}


def _for(expr: hcl.For, scope: Scope) -> Any:
    return _unknown(expr, "is a for expression that is not evaluated here")


def _opaque(expr: hcl.Opaque, scope: Scope) -> Any:
    return _unknown(expr, expr.reason)


_BY_TYPE: dict[type[hcl.Expr], Callable[[Any, Scope], Any]] = {
    hcl.Literal: _literal, hcl.Template: _template, hcl.Tuple: _tuple, hcl.Object: _object, hcl.Variable: _variable,
    hcl.GetAttr: _reference, hcl.Index: _reference, hcl.Splat: _splat, hcl.Conditional: _conditional,
    hcl.Unary: _unary, hcl.Binary: _binary, hcl.Call: _call, hcl.For: _for, hcl.Opaque: _opaque,
}  # fmt: skip


def converted(node: Node, type_: hcl.Expr) -> Node:
    """A value as its variable's type has it: `optional(bool, true)` gives what was left out."""
    value = node._value
    if isinstance(type_, hcl.Variable):
        if type_.name == "bool" and value in ("true", "false"):
            return Value(value == "true", node.source, node.span, node.key)
        return node
    if not isinstance(type_, hcl.Call) or not type_.arguments:
        return node
    inner = type_.arguments[0]
    if type_.name == "optional":
        return converted(node, inner)
    if type_.name in ("list", "set") and isinstance(value, list):
        return Node([converted(item, inner) for item in value], node.source, node.span, node.key)
    if type_.name == "map" and isinstance(value, dict):
        items = {key: converted(item, inner) for key, item in value.items()}
        return Node(items, node.source, node.span, node.key)
    if type_.name == "object" and isinstance(value, dict) and isinstance(inner, hcl.Object):
        return Node(dict(_attributes(node, value, inner)), node.source, node.span, node.key)
    return node


def _attributes(node: Node, value: dict[str, Node], type_: hcl.Object) -> Iterator[tuple[str, Node]]:
    for key, wanted in type_.pairs:
        name = str(key.value) if isinstance(key, hcl.Literal) else key.text
        given = value.get(name)
        optional = isinstance(wanted, hcl.Call) and wanted.name == "optional"
        if (given is None or given._value is None) and optional:
            assert isinstance(wanted, hcl.Call)
            default = evaluate(wanted.arguments[1], Scope()) if len(wanted.arguments) > 1 else None
            given = default if default is not None else Node(None, node.source, node.span)
        if given is not None:
            yield name, converted(given, wanted)
