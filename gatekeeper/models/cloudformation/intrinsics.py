"""Values of a template to expressions of the shared model: intrinsic functions in their short and long forms.

Nothing is evaluated here: `!If` becomes a conditional, `!Sub` a template, `!Ref` a reference to a parameter or to the
address that the resource has in the shared model. What only a deployment knows is opaque, and says why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gatekeeper.models.terraform.foreign import At
from gatekeeper.node import Node, Source, Span, regex
from gatekeeper.parsers import hcl

WEIGHT = 20_000  # expressions that one value may come to: a variable of Sub may stand in its text many times
_END = 10**9

_LONG = regex(r"Ref\Z|Condition\Z|Fn::[A-Za-z:]{1,60}\Z")
_PLACE = regex(r"\$\{(!?)([^{}$]{1,300})\}")
_WORD = regex(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OPAQUE = {
    "GetAZs": "depends on the region",
    "ImportValue": "is exported by another stack",
    "Transform": "is made by a macro",
    "Cidr": "is computed when the stack is made",
    "ForEach": "is repeated when the stack is made",
}
_GIVEN_LATER = "is known only when the stack is made"


class Target(NamedTuple):
    """A resource as references name it: the type it has in the shared model, and what `Ref` gives of it."""

    type: str
    ref: str


class Names(NamedTuple):
    """What a template declares. `open`: a macro may declare more. `stacks` are those that it nests; `exported` gives
    the templates that export something, by what its name looks like (`shape`), each with the output."""

    parameters: frozenset[str]
    resources: dict[str, Target]
    stacks: frozenset[str]
    exported: Callable[[str], list[tuple[str, str]]]
    open: bool


class Call(NamedTuple):
    """An intrinsic function by its name without `Fn::`, and what it is given."""

    name: str
    given: Node


def call(node: Node) -> Call | None:
    """The intrinsic function that a node is, in its short form or its long one."""
    if node.tag:
        return Call(node.tag.lstrip("!"), Node(node._value, node.source, node.span, node.key))
    if node.is_mapping and len(node._value) == 1:
        [(name, given)] = node._value.items()
        if _LONG.match(name) and (name != "Condition" or isinstance(given._value, str)):  # policies have such a key
            return Call(name.removeprefix("Fn::").partition("::")[0], given)
    return None


def no_value(node: Node) -> bool:
    """Whether a node takes a property away: `!Ref AWS::NoValue`."""
    found = call(node)
    return found is not None and found.name == "Ref" and found.given._value == "AWS::NoValue"


def snake(name: str) -> str:
    """`Endpoint.Address` as Terraform would write it."""
    return _WORD.sub("_", name).replace(".", "_").lower()


def shape(node: Node) -> str:
    """The name of an export as far as it is written: `*-VPC` for `!Sub "${Network}-VPC"`. '' where nothing is."""
    found = call(node)
    given = found.given if found else node
    if found and found.name == "Join" and given.is_list and len(given._value) == 2 and given._value[1].is_list:
        between = given._value[0].text if isinstance(given._value[0]._value, str) else ""
        parts = ["*" if call(each) else str(each._value) for each in given._value[1]._value]
        return between.join(parts)
    if found and found.name == "Sub" and given.is_list and given._value:
        given = given._value[0]
    if found and found.name != "Sub":
        return ""
    return _PLACE.sub("*", given._value) if isinstance(given._value, str) else ""


def literal(value: object, source: Source, span: Span) -> hcl.Literal:
    return hcl.Literal(hcl.Home(source, "", span), 0, 0, value)


class Reader:
    """The values of one template to expressions."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def expr(self, node: Node) -> hcl.Expr:
        found = call(node)
        if found:
            make = _FUNCTIONS.get(found.name)
            if make is None:
                return self.opaque(node, _OPAQUE.get(found.name, "is a function that is not evaluated here"))
            return make(self, node, found.given) or self.opaque(node, "is not written as that function is")
        if node.is_mapping:
            return self._object(node)
        if node.is_list:
            return self._list(node)
        if isinstance(node._value, str) and "{{resolve:" in node._value:
            return self._opaque(node, "is read from a store when the stack is made", [])
        return hcl.Literal(At(node), 0, _END, node._value)

    def condition(self, node: Node) -> hcl.Expr:
        """What stands in `Conditions`, and inside `Fn::And`, `Fn::Or`, `Fn::Not`: also by name."""
        return self.expr(node)

    def named_condition(self, node: Node) -> hcl.Expr:
        """The condition that a text names, as `Condition:` and the first word of `Fn::If` do."""
        return self._local(node, f"conditions.{node._value}")

    def to(self, name: str, at: Node, attribute: str = "") -> hcl.Expr:
        """A reference to a parameter or resource by its name."""
        home = At(at)
        target = self.names.resources.get(name)
        if name in self.names.parameters or (target is None and not self.names.open):
            return hcl.GetAttr(home, 0, _END, hcl.Variable(home, 0, _END, "var"), name)
        if target is None:
            return self._opaque(at, "may be made by a macro", [])
        address = hcl.GetAttr(home, 0, _END, hcl.Variable(home, 0, _END, target.type), name)
        return hcl.GetAttr(home, 0, _END, address, attribute or target.ref)

    def opaque(self, node: Node, reason: str) -> hcl.Expr:
        """What is not taken apart, with what stands inside it."""
        given = call(node)
        inner = given.given if given else node
        held = list(inner._value.values()) if inner.is_mapping else list(inner._value) if inner.is_list else []
        return self._opaque(node, reason, [self.expr(each) for each in held])

    def _opaque(self, node: Node, reason: str, inner: list[hcl.Expr]) -> hcl.Expr:
        return hcl.Opaque(At(node), 0, _END, reason, inner, [])

    def _local(self, node: Node, name: str) -> hcl.Expr:
        home = At(node)
        return hcl.GetAttr(home, 0, _END, hcl.Variable(home, 0, _END, "local"), name)

    def _object(self, node: Node) -> hcl.Expr:
        if any(name.startswith(("Fn::Transform", "Fn::ForEach")) for name in node._value):
            return self._opaque(node, "is completed by a macro", [self.expr(each) for each in node._value.values()])
        pairs: list[tuple[hcl.Expr, hcl.Expr]] = [
            (literal(name, child.source, child.key or child.span), self.expr(child))
            for name, child in node._value.items()
            if not no_value(child)
        ]
        return hcl.Object(At(node), 0, _END, pairs)

    def _list(self, node: Node) -> hcl.Expr:
        """A list; items that a condition may take away are lists of their own, put together."""
        items = [item for item in node._value if not no_value(item)]
        if not any(_may_vanish(item) for item in items):
            return hcl.Tuple(At(node), 0, _END, [self.expr(item) for item in items])
        parts = [self._as_list(item) for item in items]
        return hcl.Call(At(node), 0, _END, "concat", parts, False)

    def _as_list(self, item: Node) -> hcl.Expr:
        home = At(item)
        if no_value(item):
            return hcl.Tuple(home, 0, _END, [])
        branches = _branches(item)
        if branches is None:
            return hcl.Tuple(home, 0, _END, [self.expr(item)])
        test, yes, no = branches
        return hcl.Conditional(home, 0, _END, self.named_condition(test), self._as_list(yes), self._as_list(no))

    # the functions

    def ref(self, node: Node, given: Node) -> hcl.Expr | None:
        name = given._value
        if not isinstance(name, str):
            return None
        if name == "AWS::NoValue":
            return hcl.Literal(At(node), 0, _END, None)
        if name.startswith("AWS::"):
            return self._opaque(node, _GIVEN_LATER, [])
        return self.to(name, node)

    def get_att(self, node: Node, given: Node) -> hcl.Expr | None:
        parts = list(given._value) if given.is_list else []
        if len(parts) > 1 and all(isinstance(part._value, str) and not call(part) for part in parts):
            name, attribute = parts[0]._value, ".".join(part._value for part in parts[1:])
        elif isinstance(given._value, str) and "." in given._value:
            name, _, attribute = given._value.partition(".")
        else:
            return None
        return self._attribute(name, attribute, node)

    def _attribute(self, name: str, attribute: str, at: Node) -> hcl.Expr:
        if name in self.names.stacks and attribute.startswith("Outputs."):
            return self._output(at, name, attribute.removeprefix("Outputs."))
        return self.to(name, at, snake(attribute))

    def _output(self, node: Node, stack: str, name: str) -> hcl.Expr:
        home = At(node)
        of = hcl.GetAttr(home, 0, _END, hcl.Variable(home, 0, _END, "module"), stack)
        return hcl.GetAttr(home, 0, _END, of, name)

    def import_value(self, node: Node, given: Node) -> hcl.Expr | None:
        """What a template of this repository exports by such a name; where several do, nobody knows which is meant."""
        words = shape(given)
        found = self.names.exported(words) if words.strip("*-:") else []
        outputs = [self._output(node, path, name) for path, name in found]
        return outputs[0] if len(outputs) == 1 else self._opaque(node, _OPAQUE["ImportValue"], outputs)

    def sub(self, node: Node, given: Node) -> hcl.Expr | None:
        text, variables = given, None
        if given.is_list and len(given._value) == 2:
            text, variables = given._value
        if not isinstance(text._value, str) or (variables is not None and not variables.is_mapping):
            return None
        own = {name: self.expr(each) for name, each in variables._value.items()} if variables is not None else {}
        parts: list[str | hcl.Expr] = []
        end = 0
        for match in _PLACE.finditer(text._value):
            parts.append(text._value[end : match.start()])
            end = match.end()
            parts.append(f"${{{match[2]}}}" if match[1] else own.get(match[2].strip()) or self._named(match[2], node))
        parts.append(text._value[end:])
        parts = [part for part in parts if part != ""]
        if "{{resolve:" in text._value:
            return self._opaque(node, "is read from a store when the stack is made", _expressions(parts))
        made = hcl.Template(At(node), 0, _END, parts or [""])
        return made if _weighs(made, WEIGHT) else self._opaque(node, "is too large to be evaluated", [])

    def _named(self, words: str, node: Node) -> hcl.Expr:
        name, _, attribute = words.strip().partition(".")
        if name.startswith("AWS::"):
            return self._opaque(node, _GIVEN_LATER, [])
        return self._attribute(name, attribute, node)

    def join(self, node: Node, given: Node) -> hcl.Expr | None:
        if not given.is_list or len(given._value) != 2:
            return None
        return hcl.Call(At(node), 0, _END, "join", [self.expr(each) for each in given._value], False)

    def split(self, node: Node, given: Node) -> hcl.Expr | None:
        if not given.is_list or len(given._value) != 2:
            return None
        return hcl.Call(At(node), 0, _END, "split", [self.expr(each) for each in given._value], False)

    def select(self, node: Node, given: Node) -> hcl.Expr | None:
        if not given.is_list or len(given._value) != 2:
            return None
        index, of = given._value
        return hcl.Index(At(node), 0, _END, self.expr(of), self.expr(index))

    def if_(self, node: Node, given: Node) -> hcl.Expr | None:
        branches = _branches(node)
        if branches is None:
            return None
        test, yes, no = branches
        return hcl.Conditional(At(node), 0, _END, self.named_condition(test), self.expr(yes), self.expr(no))

    def find_in_map(self, node: Node, given: Node) -> hcl.Expr | None:
        if not given.is_list or len(given._value) not in (3, 4) or not isinstance(given._value[0]._value, str):
            return None
        name, first, second = given._value[:3]
        found = self._local(node, f"mappings.{name._value}")
        for key in (first, second):
            found = hcl.Index(At(node), 0, _END, found, self.expr(key))
        return found

    def base64(self, node: Node, given: Node) -> hcl.Expr | None:
        return self.expr(given)  # what is encoded; nothing here asks for the encoded text

    def condition_of(self, node: Node, given: Node) -> hcl.Expr | None:
        return self.named_condition(given) if isinstance(given._value, str) else None

    def equals(self, node: Node, given: Node) -> hcl.Expr | None:
        if not given.is_list or len(given._value) != 2:
            return None
        left, right = (
            hcl.Call(At(each), 0, _END, "tostring", [self.expr(each)], False) for each in given._value
        )  # everything is a text here
        return hcl.Binary(At(node), 0, _END, "==", left, right)

    def and_(self, node: Node, given: Node) -> hcl.Expr | None:
        return self._all(node, given, "&&")

    def or_(self, node: Node, given: Node) -> hcl.Expr | None:
        return self._all(node, given, "||")

    def _all(self, node: Node, given: Node, operator: str) -> hcl.Expr | None:
        if not given.is_list or not given._value:
            return None
        first, *others = (self.expr(each) for each in given._value)
        for other in others:
            first = hcl.Binary(At(node), 0, _END, operator, first, other)
        return first

    def not_(self, node: Node, given: Node) -> hcl.Expr | None:
        if not given.is_list or len(given._value) != 1:
            return None
        return hcl.Unary(At(node), 0, _END, "!", self.expr(given._value[0]))

    def length(self, node: Node, given: Node) -> hcl.Expr | None:
        return hcl.Call(At(node), 0, _END, "length", [self.expr(given)], False)

    def to_json(self, node: Node, given: Node) -> hcl.Expr | None:
        return hcl.Call(At(node), 0, _END, "jsonencode", [self.expr(given)], False)


_FUNCTIONS: dict[str, Callable[[Reader, Node, Node], hcl.Expr | None]] = {
    "Ref": Reader.ref, "GetAtt": Reader.get_att, "Sub": Reader.sub, "Join": Reader.join, "Split": Reader.split,
    "Select": Reader.select, "If": Reader.if_, "FindInMap": Reader.find_in_map, "Base64": Reader.base64,
    "Condition": Reader.condition_of, "Equals": Reader.equals, "And": Reader.and_, "Or": Reader.or_,
    "Not": Reader.not_, "ImportValue": Reader.import_value, "Length": Reader.length, "ToJsonString": Reader.to_json,
}  # fmt: skip


def _branches(node: Node) -> tuple[Node, Node, Node] | None:
    """The condition's name and the two sides of an `If`."""
    found = call(node)
    if found is None or found.name != "If" or not found.given.is_list or len(found.given._value) != 3:
        return None
    test, yes, no = found.given._value
    return (test, yes, no) if isinstance(test._value, str) else None


branches = _branches


def _may_vanish(item: Node) -> bool:
    waiting = [item]
    while waiting:
        node = waiting.pop()
        if no_value(node):
            return True
        found = _branches(node)
        waiting += found[1:] if found else ()
    return False


def _expressions(parts: list[str | hcl.Expr]) -> list[hcl.Expr]:
    return [part for part in parts if isinstance(part, hcl.Expr)]


def _weighs(expr: hcl.Expr, most: int) -> bool:
    """Whether an expression comes to no more than that many, each counted as often as it is evaluated."""
    waiting = [expr]
    for _ in range(most):
        if not waiting:
            return True
        waiting += waiting.pop().children()
    return False
