"""What expressions come to: nodes that are evaluated when they are read.

A value is known, or it is an `Expression` that names what it waits for ("var.region has no default"). Operators know
what follows all the same: `false && x` is false, and a conditional with equal branches needs no test. What fails in
Terraform for sure (`{}.a`) is something else than what is not known: `try` goes on behind the one only.
"""

from __future__ import annotations

import operator
import posixpath
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import isfinite
from typing import TYPE_CHECKING, Any

from gatekeeper.globs import covers
from gatekeeper.models.terraform import conversions, functions
from gatekeeper.models.terraform.conversions import (
    SIZE,
    TEXT,
    Encoded,
    Fails,
    List,
    Path,
    Set,
    Unspoken,
    Value,
    agreed,
    equal,
    number,
    truth,
    type_of,
    waits_for,
)  # fmt: skip
from gatekeeper.models.terraform.conversions import same as same
from gatekeeper.models.terraform.conversions import weight as weight
from gatekeeper.node import Expression, Node, Open, Partly, Source, Span, Unresolved, regex
from gatekeeper.parsers import hcl

if TYPE_CHECKING:
    from gatekeeper.discover import Tree

DEPTH = 60  # how many values may wait for each other
STEPS = 50_000  # expressions evaluated for one value
MODULE_STEPS = 5_000_000  # and for all values of a module; what comes behind has few
Steps = Sequence[hcl.GetAttr | hcl.Index]
UNKNOWN_PART = "\ue0ff"  # stands for what is not known in a text of which the rest is
EXPANDED = 200  # blocks that one dynamic block is read as; those beyond are one that is not known


class Scope:
    """What the names in an expression mean. Without a module, no name means anything.

    `file` and the like read below `directory` of the `tree`; without a tree they read nothing.
    """

    tree: Tree | None = None
    directory: str = ""
    spent: int = 0  # steps that its values took

    def __init__(self, names: dict[str, Node] | None = None) -> None:
        self.names = names or {}

    @property
    def outermost(self) -> Scope:
        return self

    @property
    def runs_in(self) -> str | None:
        """The directory in which Terraform runs; None when that is not known."""
        return self.directory

    def find(self, expr: hcl.Expr, root: str, steps: Steps) -> tuple[Node | Expression, int]:
        """The value of a reference's first words, and how many of the `steps` behind the first that took."""
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
        self.tree = outer.tree
        self.directory = outer.directory

    @property
    def outermost(self) -> Scope:
        return self.outer.outermost

    def find(self, expr: hcl.Expr, root: str, steps: Steps) -> tuple[Node | Expression, int]:
        if root in self.names:
            return self.names[root], 0
        return self.outer.find(expr, root, steps)


class _Run:
    """The evaluation that is under way: how many steps it has left, and whether what fails is asked for (`try`)."""

    __slots__ = ("left", "strict", "values")

    def __init__(self) -> None:
        self.left = STEPS
        self.strict = False
        self.values: list[Lazy] = []


_run = _Run()


class Lazy(Node):
    """The value of an attribute: evaluated when it is first read."""

    __slots__ = ("_done", "_make", "_place", "_words")

    def __init__(
        self, make: Callable[[], Node], source: Source, place: Callable[[], tuple[Span, Span | None]], words: str
    ) -> None:
        self.source = source
        self.tag = ""
        self._make: Callable[[], Node] | None = make
        self._place: Any = place
        self._words = words
        self._done: Node | None = None

    @property
    def node(self) -> Node:
        if self._done is None:
            under_way = _run.values
            if any(each is self for each in under_way):
                return Node(Expression(self._words, "depends on itself"), self.source, self.span)
            if len(under_way) > DEPTH:
                return Node(Expression(self._words, "depends on too many other values"), self.source, self.span)
            left, strict = _run.left, _run.strict
            _run.left, _run.strict = STEPS, False
            under_way.append(self)
            try:
                self._done = self._made()
            finally:
                under_way.pop()
                _run.left, _run.strict = left, strict
        return self._done

    def _made(self) -> Node:
        assert self._make is not None
        made = self._make()
        self._make = None  # and what it holds
        return made

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


class _Attribute(Lazy):
    """An attribute as written, in a scope."""

    __slots__ = ("scope", "written")

    def __init__(self, written: hcl.Attribute, scope: Scope) -> None:
        self.source = written.home.source
        self.tag = ""
        self.written = written
        self.scope: Scope | None = scope
        self._done: Node | None = None
        self._words = written.name
        self._place = None

    def _made(self) -> Node:
        assert self.scope is not None
        outermost = self.scope.outermost
        given = _run.left = STEPS if outermost.spent < MODULE_STEPS else 100
        made = _evaluate(self.written.expr, self.scope)
        outermost.spent += given - _run.left
        self.scope = None
        return made

    def _found_place(self) -> tuple[Span, Span | None]:
        if self._place is None:
            self._place = (self.written.expr.span, self.written.key)
        found: tuple[Span, Span | None] = self._place
        return found


def attribute(found: hcl.Attribute, scope: Scope) -> Lazy:
    """The node of an attribute, placed at its value, with its name as key."""
    return _Attribute(found, scope)


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
    entries = body(found.body, scope)
    if found.body.rest:
        return Open(entries, found.home.source, found.span, found.header, found.body.rest, found.body.names)
    return _Written(entries, found, " ".join(found.labels))


class _Written(Node):
    """A block, placed where it is written: that is found when asked for."""

    __slots__ = ("_block",)

    def __init__(self, entries: dict[str, Node], written: hcl.Block, tag: str = "") -> None:
        self._value = entries
        self._block = written
        self.source = written.home.source
        self.tag = tag

    @property
    def span(self) -> Span:  # type: ignore[override]  # a slot of Node, found when asked for
        return self._block.span

    @property
    def key(self) -> Span:  # type: ignore[override]  # as above
        return self._block.header


class Perhaps(_Written):
    """A block that a dynamic block gives for what nobody knows: `doubt` decides whether, and how often, it is there."""

    __slots__ = ("doubt",)

    def __init__(self, entries: dict[str, Node], written: hcl.Block, doubt: Node) -> None:
        super().__init__(entries, written)
        self.doubt = doubt


def _dynamic(name: str, inners: list[hcl.Block], scope: Scope) -> Lazy:
    first = inners[0]

    def make() -> Node:
        nodes = [node for inner in inners for node in sure(inner, scope)]
        for node in nodes:
            if node.expression:
                return node
        value = None if not nodes else nodes[0]._value if len(nodes) == 1 else nodes
        return Node(value, first.home.source, first.span, first.header)

    return Lazy(make, first.home.source, lambda: (first.span, first.header), name)


def sure(found: hcl.Block, scope: Scope) -> list[Node]:
    """The blocks that a nested block stands for. Those of which nobody knows whether they are there are one
    expression."""
    nodes = expanded(found, scope)
    if found.type != "dynamic":
        return nodes
    times = _each(found, scope)
    waits = times._value.rest if isinstance(times._value, Partly) else times.expression
    if waits is None and len(nodes) > EXPANDED:
        waits = Expression(" ".join(found.labels), "stands for too many blocks")
    if waits is None:
        return nodes
    waits = Expression(waits.text, waits.reason, may_be_null=True)
    return [*nodes[:-1], Node(waits, times.source, times.span)]


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
    pairs: list[tuple[Node, Node]] = []
    if isinstance(value, (dict, list)):
        pairs = _pairs(each)
    if isinstance(value, (Expression, Partly)):
        pairs.append((unknown, unknown))
    if len(pairs) > EXPANDED:
        pairs = [*pairs[:EXPANDED], (unknown, unknown)]
    made: list[Node] = []
    for key, item in pairs:
        iterated = Node({"key": key, "value": item}, each.source, each.span)
        entries = body(content.body, scope.with_names({name: iterated}))
        if content.body.rest:
            rest, names = content.body.rest, content.body.names
            made.append(Open(entries, found.home.source, found.span, found.header, rest, names))
        else:
            made.append(Perhaps(entries, found, item) if item is unknown else _Written(entries, found))
    return made


def _pairs(over: Node) -> list[tuple[Node, Node]]:
    """The keys and values of a collection, in Terraform's order. Raises `Unresolved`."""
    value = over.value
    if isinstance(value, dict):
        return [(Value(key, over.source, item.span), item) for key, item in sorted(value.items(), key=lambda p: p[0])]
    if isinstance(value, Set):
        return [(item, item) for item in value]
    if isinstance(value, list):
        return [(Value(at, over.source, item.span), item) for at, item in enumerate(value)]
    raise Fails("is nothing that has items")


def evaluate(expr: hcl.Expr, scope: Scope) -> Node:
    """The value of an expression, placed where the expression stands. Does not raise."""
    left, strict = _run.left, _run.strict
    _run.left, _run.strict = STEPS, False
    try:
        return _evaluate(expr, scope)
    finally:
        _run.left, _run.strict = left, strict


def _evaluate(expr: hcl.Expr, scope: Scope) -> Node:
    """As `evaluate`, for a part of a value: it takes of the steps that are left, and raises `Fails` within `try`."""
    _run.left -= 1
    if _run.left < 0:
        return _too_large(expr)
    value = _outcome(expr, scope)
    node = Value(value, expr.home.source, expr)
    if node.weight > 1:
        if isinstance(value, str):
            _run.left -= len(value) // 640
            if len(value) > TEXT and not isinstance(expr, hcl.Literal):
                return _too_large(expr)
        if node.weight > SIZE:
            return _too_large(expr)
    return node


def _outcome(expr: hcl.Expr, scope: Scope) -> Any:
    """The value, or the expression that it waits for."""
    try:
        return _BY_TYPE[type(expr)](expr, scope)
    except Unresolved as unresolved:
        waits = unresolved.expression
        if type(waits) is not Expression or waits.may_be_null:  # what is made of it is something else
            return Expression(waits.text, waits.reason)
        return waits
    except Fails as fails:
        if _run.strict:
            raise
        return _unknown(expr, str(fails))
    except RecursionError:
        return _unknown(expr, "nests too deeply to be evaluated")
    except OverflowError:
        return _unknown(expr, _TOO_LARGE)
    except (TypeError, ValueError, ArithmeticError):
        return _unknown(expr, "cannot be evaluated")


_TOO_LARGE = "is too large to be evaluated"


def _too_large(expr: hcl.Expr) -> Node:
    return Value(_unknown(expr, _TOO_LARGE), expr.home.source, expr)


def _unknown(expr: hcl.Expr, reason: str) -> Expression:
    return Expression(" ".join(expr.text[:500].split())[:120], reason)


def _leniently(expr: hcl.Expr, scope: Scope) -> Node:
    """What an expression comes to, when nobody knows whether Terraform takes its value."""
    strict, _run.strict = _run.strict, False
    try:
        return _evaluate(expr, scope)
    finally:
        _run.strict = strict


def _literal(expr: hcl.Literal, scope: Scope) -> Any:
    value = expr.value
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("too many digits")
    if isinstance(value, str) and value[:100].lstrip()[:1] in _JSON and len(value) > 10:
        return Encoded(value, Value(value, expr.home.source, expr), "text")  # where it stands, wherever it is used
    return value


_JSON = ("{", "[")


def _template(expr: hcl.Template, scope: Scope) -> Any:
    if len(expr.parts) == 1 and isinstance(expr.parts[0], hcl.Expr):
        return _evaluate(expr.parts[0], scope)._value  # "${x}" is x
    return _piece(expr, scope)


def _piece(expr: hcl.Template, scope: Scope) -> Any:
    words: list[str] = []
    inside: str | None = None
    waits: Expression | None = None
    size = 0
    for part in expr.parts:
        if isinstance(part, hcl.Expr):
            node = _evaluate(part, scope)
            value = node._value
            if isinstance(value, Path) and not words:
                inside, part = value.inside, ""
            elif isinstance(value, Expression):
                waits = waits or value  # and on: the others may fail
                part = UNKNOWN_PART
            else:
                part = conversions.text(node)
        words.append(part)
        size += len(part)
        if size > TEXT:
            raise OverflowError("too large")
    made = "".join(words)
    if waits is not None:
        return Unspoken.made(waits, Value(made, expr.home.source, expr), "parts")
    return made if inside is None else Path.made(expr.text[:120], inside + made)


def _repeat(expr: hcl.Repeat, scope: Scope) -> Any:
    found = []
    for each in _each_scope(expr, _evaluate(expr.over, scope), scope):
        found.append(conversions.text(_evaluate(expr.result, each)))
        functions.bounded(sum(map(len, found)) if len(found) % 50 == 0 else 0)
    functions.bounded(sum(map(len, found)))
    return "".join(found)


def _tuple(expr: hcl.Tuple, scope: Scope) -> Any:
    return [_evaluate(item, scope) for item in expr.items]


def _object(expr: hcl.Object, scope: Scope) -> Any:
    found: dict[str, Node] = {}
    waits: Expression | None = None
    for key, value in expr.pairs:
        node = _evaluate(value, scope)
        assert isinstance(node, Value)
        node.renamed(key)
        name = _evaluate(key, scope)
        if name.known:
            found[conversions.text(name)] = node
            continue
        assert name.expression is not None
        waits = waits or Expression(name.expression.text, name.expression.reason)
        found = {each: conversions.like(waits, item) for each, item in found.items()}  # it may be any of them
    return found if waits is None else Partly(found, waits)


def _variable(expr: hcl.Variable, scope: Scope) -> Any:
    found, _ = scope.find(expr, expr.name, ())
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
        node, taken = _found(expr, root.name, steps, scope)
        steps = steps[taken:]
    else:
        node = _evaluate(root, scope)
    for step in steps:
        if isinstance(node, Expression):
            return node
        node = _step(expr, node, step, scope)
    return node._value if isinstance(node, Node) else node


def _found(expr: hcl.Expr, root: str, steps: Steps, scope: Scope) -> tuple[Node | Expression, int]:
    if root == "path" and scope.tree is not None and root not in scope.names:
        first = steps[0]
        word = first.name if isinstance(first, hcl.GetAttr) else ""
        inside = {"module": scope.directory, "root": scope.outermost.runs_in}.get(word)
        if inside is not None:
            return Path.made(f"path.{word}", inside), 1
    return scope.find(expr, root, steps)


def _step(expr: hcl.Expr, node: Node, step: hcl.GetAttr | hcl.Index, scope: Scope) -> Node:
    value = node._value
    if isinstance(value, Expression):
        if value.may_be_null or type(value) is not Expression:  # an element of it is something else
            return conversions.like(Expression(value.text, value.reason), node)
        return node
    if isinstance(step, hcl.GetAttr):
        found = value.get(step.name) if isinstance(value, dict) else None
        key: Any = step.name
    else:
        at = _evaluate(step.key, scope)
        found, key = _item(value, at), at._value
    if found is None:
        if isinstance(value, Partly):
            return conversions.like(value.other(str(key)), node)
        raise Fails("refers to an element that is not there")
    element: Node = found
    return element


def _item(value: Any, at: Node) -> Node | None:
    """What a collection holds at a key. Raises `Unresolved`."""
    if isinstance(value, dict):
        found: Node | None = value.get(conversions.text(at))
        return found
    if type(value) in (list, List):
        which = number(at)
        if isinstance(which, int) and 0 <= which < len(value):
            item: Node = value[which]
            return item
    return None


def _splat(expr: hcl.Splat, scope: Scope) -> Any:
    of = _evaluate(expr.of, scope)
    value = of.value
    items = value if isinstance(value, list) else [] if value is None else [of]
    found = [_evaluate(expr.each, scope.with_names({"*": item})) for item in items]
    return List(found) if isinstance(value, (List, Set)) else found


def _conditional(expr: hcl.Conditional, scope: Scope) -> Any:
    test = _evaluate(expr.test, scope)
    if test.expression is None:
        chosen, other = (expr.yes, expr.no) if truth(test) else (expr.no, expr.yes)
        return _as_branch(_evaluate(chosen, scope), other, scope)
    yes, no = _leniently(expr.yes, scope), _leniently(expr.no, scope)
    wanted = conversions.unify(conversions.kind_of(yes), conversions.kind_of(no))
    if wanted is not None:
        with suppress(Unresolved):  # sets of what is not known
            yes, no = conversions.convert(yes, wanted), conversions.convert(no, wanted)
    return agreed(yes, no, Expression(test.expression.text, test.expression.reason))


def _as_branch(node: Node, other: hcl.Expr, scope: Scope) -> Any:
    """The value of the branch that was chosen, in the one type that both branches have."""
    value = node._value
    if value is None or isinstance(value, Expression) or (isinstance(value, str) and not _run.strict):
        return value
    if isinstance(other, hcl.Literal) and (other.value is None or type(other.value) is type(value)):
        return value
    against = conversions.kind_of(_leniently(other, scope))
    if against == "any":
        return value
    wanted = conversions.unify(conversions.kind_of(node), against)
    if wanted is None:
        if _run.strict:
            raise Fails("has branches of different types")
        return value
    return conversions.convert(node, wanted)._value


def _unary(expr: hcl.Unary, scope: Scope) -> Any:
    of = _evaluate(expr.of, scope)
    return not truth(of) if expr.operator == "!" else -number(of)


def _remainder(left: Any, right: Any) -> Any:
    return left - right * int(left / right)


def _divided(left: Any, right: Any) -> Any:
    if right == 0:
        raise ValueError("infinite")
    return left / right


_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_COMPUTED: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": _divided, "%": _remainder,
}  # fmt: skip


def _binary(expr: hcl.Binary, scope: Scope) -> Any:
    if expr.operator in ("&&", "||"):
        return _logical(expr, scope)
    left, right = _evaluate(expr.left, scope), _evaluate(expr.right, scope)
    if expr.operator in ("==", "!="):
        return equal(left, right) is (expr.operator == "==")
    one, other = functions.fraction(number(left)), functions.fraction(number(right))
    if expr.operator in _COMPARED:
        return _COMPARED[expr.operator](one, other)
    return functions.rounded(_COMPUTED[expr.operator](one, other))


def _logical(expr: hcl.Binary, scope: Scope) -> Any:
    left = _evaluate(expr.left, scope)
    decides = expr.operator == "||"
    if left.expression is None and truth(left) is decides:
        return decides
    right = _evaluate(expr.right, scope) if left.expression is None else _leniently(expr.right, scope)
    if right.expression is None and truth(right) is decides:
        return decides
    waits = left.expression or right.expression
    return Expression(waits.text, waits.reason) if waits else not decides


# functions


def _call(expr: hcl.Call, scope: Scope) -> Any:
    name = expr.name.removeprefix("core::")
    special = _SPECIAL.get(name)
    if special is not None and not expr.expands:
        return special(expr, scope)
    function = functions.FUNCTIONS.get(name)
    if function is None:
        return _unknown(expr, functions.OTHERS.get(name, "calls a function that is not evaluated here"))
    arguments = [_evaluate(argument, scope) for argument in expr.arguments]
    if expr.expands:
        last = arguments[-1].value
        if not isinstance(last, list):
            raise Fails("has something else than a list before its ...")
        arguments[-1:] = last
    return function(arguments)


def _tried(expr: hcl.Expr, scope: Scope) -> Node:
    """What `try` makes of an expression. Raises `Fails` when it fails for sure, `Unresolved` when it may."""
    strict, _run.strict = _run.strict, True
    try:
        node = _evaluate(expr, scope)
    finally:
        _run.strict = strict
    waits = waits_for(node)
    if waits is not None and (not node.known or not isinstance(expr, (hcl.Variable, hcl.GetAttr, hcl.Index))):
        raise Unresolved(node, waits)  # a part of it that fails fails the whole; but a reference is there
    return node


def _try(expr: hcl.Call, scope: Scope) -> Any:
    for at, argument in enumerate(expr.arguments):
        try:
            return _tried(argument, scope)._value
        except Fails:
            continue
        except Unresolved as unresolved:
            waits = unresolved.expression
            null = waits.may_be_null or any(_ends_null(each, scope) for each in expr.arguments[at + 1 :])
            return Expression(waits.text, waits.reason, may_be_null=null)
    raise Fails("has nothing that does not fail")


def _ends_null(expr: hcl.Expr, scope: Scope) -> bool:
    return conversions.may_be_null(_leniently(expr, scope))


def _can(expr: hcl.Call, scope: Scope) -> Any:
    if len(expr.arguments) != 1:
        raise Fails("is called with a number of arguments that it does not take")
    try:
        _tried(expr.arguments[0], scope)
    except Fails:
        return False
    return True


def _path(node: Node, scope: Scope) -> str:
    """A path of the repository that an argument means. Raises `Unresolved`."""
    value = node._value
    if isinstance(value, Path):
        path = value.inside.lstrip("/")  # below the root of the repository, whose name is ''
    else:
        words = conversions.text(node)
        base = scope.outermost.runs_in
        if base is None or words.startswith("/"):
            raise Unresolved(node, Expression(words[:120], "depends on where Terraform runs"))
        path = posixpath.join(base, words)
    return posixpath.normpath(path)


def _read(expr: hcl.Call, scope: Scope) -> Source:
    """The source that a function's first argument names. Raises `Unresolved`."""
    from gatekeeper.discover import Unreadable

    node = _evaluate(expr.arguments[0], scope)
    if scope.tree is None:
        raise Unresolved(node, _unknown(expr, "reads a file"))
    path = _path(node, scope)
    if path not in scope.tree:
        raise Unresolved(node, _unknown(expr, "reads a file that is not in the repository"))
    source = scope.tree.source(path)
    try:
        size = len(source.text)
    except Unreadable:
        raise Unresolved(node, _unknown(expr, "reads a file that cannot be read")) from None
    if size > TEXT:
        raise OverflowError("too large")
    return source


def _whole_file(source: Source) -> Node:
    return Value(source.text, source, source.span(0, len(source.text)))


def _pathexpand(expr: hcl.Call, scope: Scope) -> Any:
    node = _evaluate(expr.arguments[0], scope)
    if isinstance(node._value, Path) or not conversions.text(node).startswith("~"):
        return node._value
    return _unknown(expr, "depends on the machine that runs Terraform")


def _file(expr: hcl.Call, scope: Scope) -> Any:
    source = _read(expr, scope)
    return Encoded(source.text, _whole_file(source), "file")


def _fileexists(expr: hcl.Call, scope: Scope) -> Any:
    _read(expr, scope)
    return True


def _fileset(expr: hcl.Call, scope: Scope) -> Any:
    if len(expr.arguments) != 2:
        raise Fails("is called with a number of arguments that it does not take")
    node, glob = _evaluate(expr.arguments[0], scope), conversions.text(_evaluate(expr.arguments[1], scope))
    if scope.tree is None or _BRACKETS.search(glob):
        return _unknown(expr, "reads a folder")
    folder = _path(node, scope)
    below = "" if folder == "." else f"{folder}/"
    if folder.startswith("..") or len(glob) > 500:
        return _unknown(expr, "reads a folder outside the repository")
    paths = (path.removeprefix(below) for path in scope.tree.paths if path.startswith(below))
    found = [Value(path, expr.home.source, expr) for path in paths if covers(glob, path)]
    return conversions.as_set([each for each in found if each._value.count("/") == glob.count("/") or "**" in glob])


_BRACKETS = regex(r"[\[\]{}\\]")


def _digest_of_file(name: str) -> Callable[[hcl.Call, Scope], Any]:
    def digest(expr: hcl.Call, scope: Scope) -> Any:
        source = _read(expr, scope)
        assert scope.tree is not None
        return functions.DIGESTS[name](bytes(scope.tree.data(source.path)))

    return digest


def _templatefile(expr: hcl.Call, scope: Scope) -> Any:
    if len(expr.arguments) != 2:
        raise Fails("is called with a number of arguments that it does not take")
    source = _read(expr, scope)
    given = _evaluate(expr.arguments[1], scope)
    return _filled(source.once(_as_template), given)


def _templatestring(expr: hcl.Call, scope: Scope) -> Any:
    if len(expr.arguments) != 2:
        raise Fails("is called with a number of arguments that it does not take")
    words = conversions.text(_evaluate(expr.arguments[0], scope))
    return _filled(hcl.template(expr.home.source, words, expr.span), _evaluate(expr.arguments[1], scope))


def _filled(template: hcl.Expr, given: Node) -> Any:
    """A template with the values that it is given by name."""
    if isinstance(given.value, Partly):
        raise Unresolved(given, given.value.rest)
    if not given.is_mapping:
        raise Fails("is given no values by name")
    made = _evaluate(template, Scope(dict(given.value)))
    return made._value if isinstance(made._value, (str, Expression)) else conversions.text(made)


def _as_template(source: Source) -> hcl.Expr:
    return hcl.template(source, source.text, source.span(0, len(source.text)))


_SPECIAL: dict[str, Callable[[hcl.Call, Scope], Any]] = {
    "try": _try,
    "can": _can,
    "pathexpand": _pathexpand,
    "file": _file,
    "fileexists": _fileexists,
    "fileset": _fileset,
    "templatefile": _templatefile,
    "templatestring": _templatestring,
    "filebase64": _digest_of_file("base64"),
    **{f"file{name}": _digest_of_file(name) for name in ("md5", "sha1", "sha256", "sha512")},
    **{f"filebase64{name}": _digest_of_file(f"base64{name}") for name in ("sha256", "sha512")},
}


# for


def _each_scope(expr: hcl.For, over: Node, scope: Scope) -> Sequence[Scope]:
    names = expr.names
    return [
        scope.with_names({names[0]: item} if len(names) == 1 else {names[0]: key, names[1]: item})
        for key, item in _pairs(over)
    ]


def _for(expr: hcl.For, scope: Scope) -> Any:
    over = _evaluate(expr.over, scope)
    scopes = _each_scope(expr, over, scope)
    if expr.key is not None:
        return _for_object(expr, over, scopes)
    if isinstance(over.value, Partly):
        return over.value.rest
    condition = expr.condition
    return [_evaluate(expr.result, each) for each in scopes if condition is None or truth(_evaluate(condition, each))]


def _for_object(expr: hcl.For, over: Node, scopes: Sequence[Scope]) -> Any:
    assert expr.key is not None
    found: dict[str, Node] = {}
    groups: dict[str, list[Node]] = {}
    waits = over.value.rest if isinstance(over.value, Partly) else None
    for each in scopes:
        key = _evaluate(expr.key, each)
        test = _evaluate(expr.condition, each) if expr.condition is not None else None
        if test is not None and test.expression is None and not truth(test):
            continue
        doubt = (test.expression if test is not None else None) or key.expression
        if doubt is not None:  # whether there is an entry, or under which key
            waits = waits or doubt
            continue
        name = conversions.text(key)
        made = _evaluate(expr.result, each)
        if expr.groups:
            groups.setdefault(name, []).append(made)
        elif name in found:
            raise Fails("has one key twice")
        else:
            found[name] = made
    if expr.groups:
        found = {name: Value(items, over.source, expr) for name, items in groups.items()}
        if waits is not None:  # any group may have more
            found = {name: conversions.like(Expression(*waits[:2]), item) for name, item in found.items()}
    return found if waits is None else Partly(found, Expression(waits.text, waits.reason))


def _opaque(expr: hcl.Opaque, scope: Scope) -> Any:
    return _unknown(expr, expr.reason)


_BY_TYPE: dict[type[hcl.Expr], Callable[[Any, Scope], Any]] = {
    hcl.Literal: _literal, hcl.Template: _template, hcl.Piece: _piece, hcl.Tuple: _tuple, hcl.Object: _object,
    hcl.Variable: _variable, hcl.GetAttr: _reference, hcl.Index: _reference, hcl.Splat: _splat,
    hcl.Conditional: _conditional, hcl.Unary: _unary, hcl.Binary: _binary, hcl.Call: _call, hcl.For: _for,
    hcl.Repeat: _repeat, hcl.Opaque: _opaque,
}  # fmt: skip


def converted(node: Node, type_: hcl.Expr) -> Node:
    """A value as its variable's type has it: `optional(bool, true)` gives what was left out."""
    try:
        return conversions.convert(node, type_of(type_, lambda default: evaluate(default, Scope())))
    except Unresolved as unresolved:
        reason = Expression(unresolved.expression.text, unresolved.expression.reason)
    except (Fails, ValueError):
        reason = Expression(node.source.slice(node.span)[:120], "does not fit the type of its variable")
    return Value(reason, node.source, node.span, node.key)


def parts(node: Node) -> list[str]:
    """What is known of a text that is not known whole, before, between and behind the rest; else nothing."""
    waits = node.expression
    if not isinstance(waits, Unspoken) or waits.made_by != "parts":
        return []
    found: list[str] = waits.of.text.split(UNKNOWN_PART)
    return found
