"""JSON that stands in Terraform, above all policies, as nodes placed at what was written.

A policy is written as a data source, by `jsonencode`, as text, or in a file. Here it has one shape whichever it was: a
mapping with `Statement`, a list; in each statement `Effect`, and as lists `Action`, `NotAction`, `Resource`,
`NotResource`; `Principal` and `NotPrincipal` map a type (`*` for everybody) to a list, `Condition` a test to a mapping
of lists. What is not known stays an expression in its place, and a statement of which nobody knows whether it is there
is one in the list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from gatekeeper.models.terraform import values
from gatekeeper.models.terraform.conversions import TEXT, Encoded, Unspoken, Value, like
from gatekeeper.node import Expression, Node, Partly, Source, Span
from gatekeeper.parsers import hcl, json

if TYPE_CHECKING:
    from gatekeeper.models.terraform.blocks import Data

VERSION = "2012-10-17"
STATEMENTS = 500  # of one document: documents may be made of each other
_LISTS = ("Action", "NotAction", "Resource", "NotResource")
_MAPS = ("Principal", "NotPrincipal")
_READS = "is read from a data source"
_NO_SID = "no sid"  # a tag of statements that are not known, but have no Sid


def json_of(data: Data) -> Node:
    """The `json` of an `aws_iam_policy_document`: a text that is not known, and `decoded` knows what it was made of."""
    made: Node | None = vars(data).get("policy_json")
    if made is None:

        def make() -> Node:
            text = Unspoken.made(
                Expression(f"{data.name}.json", _READS), document(data.node, _statements(data)), "json"
            )
            return Node(text, data.written_in, data.span)

        made = values.Lazy(make, data.written_in, lambda: (data.span, None), f"{data.name}.json")
        vars(data)["policy_json"] = made
    return made


def _statements(data: Data) -> list[Node]:
    if "statement" in data.syntax.body.attributes:
        return _listed(data.node["statement"])
    blocks = [inner for inner in data.syntax.body.blocks if "statement" in (inner.type, *inner.labels[:1])]
    found = [node for inner in blocks for node in _sure(inner, data.scope)]
    if data.syntax.body.rest:
        found.append(Node(Expression("statement", data.syntax.body.rest), data.written_in, data.span))
    return found


def _sure(block: hcl.Block, scope: values.Scope) -> list[Node]:
    nodes = values.sure(block, scope)
    if block.type != "dynamic" or any("sid" in inner.body.attributes for inner in block.body.blocks):
        return nodes
    return [node if node.known else Node(node._value, node.source, node.span, tag=_NO_SID) for node in nodes]


def document(node: Node, statements: list[Node] | None = None) -> Node:
    """The policy that the evaluated body of an `aws_iam_policy_document` stands for. Does not raise."""
    own = [_statement(each) for each in (_listed(node["statement"]) if statements is None else statements)]
    found = [*_from(node, "source_json", "source_policy_documents")]
    found = _overridden(found, own)
    found = _overridden(found, [*_from(node, "override_json", "override_policy_documents")])
    if len(found) > STATEMENTS:
        found = [*found[:STATEMENTS], like(Expression("statement", "is too large to be evaluated"), node)]
    entries = {"Version": _given(node["version"], VERSION, node), "Statement": _at(found, node)}
    if node["policy_id"].present:
        entries["Id"] = node["policy_id"]
    return _at(entries, node)


def decoded(node: Node) -> Node:
    """What a value in JSON says: the value that it was encoded from, or what its text holds. Does not raise.

    Of anything that is neither JSON nor a mapping or list already, an expression.
    """
    value = node._value
    of = value.of if isinstance(value, (Encoded, Unspoken)) and value.made_by == "json" else None
    if of is not None:
        return normal(of)
    if isinstance(value, Encoded) and value.made_by == "file":
        return _parsed(value.of.source, value.of) or _no_json(node)
    if isinstance(value, Unspoken) and value.made_by == "parts":
        return _read(str(value.of.value), value.of, value) or node
    if isinstance(value, Encoded) and value.made_by == "text":
        return _read(value, value.of, None) or _no_json(node)
    if isinstance(value, str):
        return _read(value, node, None) or _no_json(node)
    if isinstance(value, (dict, list)):
        return normal(node)
    return node if value is None or isinstance(value, Expression) else _no_json(node)


def _no_json(node: Node) -> Node:
    return like(Expression(str(node._value)[:40].split("\n")[0], "is no JSON"), node)


def normal(node: Node) -> Node:
    """A policy in its one shape; anything else as it is."""
    if not isinstance(node._value, dict) or "Statement" not in node._value:
        return node
    statements = node["Statement"]
    made = _changed(statements, lambda: [_normal_statement(each) for each in _listed(statements)])
    return _with(node, {"Statement": made})


def _normal_statement(node: Node) -> Node:
    if not isinstance(node._value, dict):
        return node
    changed = {name: _as_list(node[name]) for name in _LISTS if name in node._value}
    for name in _MAPS:
        if name in node._value:
            everybody = isinstance(node[name]._value, str)
            changed[name] = _at({"*": _as_list(node[name])}, node[name]) if everybody else _lists(node[name])
    if "Condition" in node._value:
        tests = node["Condition"]
        if isinstance(tests._value, dict):
            changed["Condition"] = _with(tests, {name: _lists(inner) for name, inner in tests._value.items()})
    return _with(node, changed)


def _lists(node: Node) -> Node:
    if not isinstance(node._value, dict):
        return node
    return _with(node, {name: _as_list(inner) for name, inner in node._value.items()})


def _as_list(node: Node) -> Node:
    if node._value is None or isinstance(node._value, (list, Expression)):
        return node
    return Value([node], node.source, node.span, node.key)


def _listed(node: Node) -> list[Node]:
    """The items of a list, one item, or none."""
    value = node._value
    return value if isinstance(value, list) else [] if value is None else [node]


def _with(node: Node, changed: dict[str, Node]) -> Node:
    entries = {**node._value, **changed}
    kept = Partly(entries, node._value.rest) if isinstance(node._value, Partly) else entries
    return Value(kept, node.source, node.span, node.key)


def _changed(node: Node, make: Callable[[], Any]) -> Node:
    return node if isinstance(node._value, Expression) else Value(make(), node.source, node.span, node.key)


def _at(value: Any, near: Node) -> Node:
    return Value(value, near.source, near.span, near.key)


def _given(node: Node, default: str, near: Node) -> Node:
    return node if node.present else _at(default, near)


# the data source


def _from(node: Node, one: str, many: str) -> Iterator[Node]:
    """The statements of the documents that an attribute names."""
    named = node[many]
    listed = [named] if isinstance(named._value, Expression) else _listed(named)
    for each in (node[one], *listed):
        if each._value is None or each._value == "":
            continue
        found = decoded(each)
        statements = found["Statement"] if found.is_mapping else found
        if isinstance(statements._value, Expression) or not found.is_mapping:
            waits = statements.expression or Expression(many, "is no policy")
            yield like(Expression(waits.text, waits.reason, may_be_null=True), each)
        else:
            yield from _listed(statements)


def _overridden(statements: list[Node], by: list[Node]) -> list[Node]:
    """A statement replaces the one of the same Sid; one that is not known may replace each that has a Sid."""
    found = list(statements)
    more: list[Node] = []
    places = {sid: number for number, each in enumerate(found) if (sid := _sid(each))}
    for each in by:
        sid = _sid(each)
        if sid is None:
            waits = each.expression or Expression("sid", "is not known")
            found = [like(Expression(waits.text, waits.reason), old) if _sid(old) != "" else old for old in found]
        if sid and sid in places:
            found[places[sid]] = each
        else:
            more.append(each)
    return found + more


def _sid(node: Node) -> str | None:
    """Its Sid, '' when it has none; None when that is not known."""
    if node.tag == _NO_SID:
        return ""
    value = node["Sid"]._value
    return value if isinstance(value, str) else "" if value is None else None


def _statement(node: Node) -> Node:
    if not isinstance(node._value, dict):
        return node
    made = {"Effect": _given(node["effect"], "Allow", node)}
    if node["sid"].present:
        made["Sid"] = node["sid"]
    for name, written in zip(_LISTS, ("actions", "not_actions", "resources", "not_resources"), strict=True):
        if node[written].present:
            made[name] = _as_list(node[written])
    for name, written in zip(_MAPS, ("principals", "not_principals"), strict=True):
        if node[written].present:
            made[name] = _principals(node[written])
    if node["condition"].present:
        made["Condition"] = _conditions(node["condition"])
    return _at(made, node)


def _gathered(node: Node, add: Callable[[dict[str, Any], Node], Expression | None]) -> Node:
    """A mapping that blocks add to; an expression when one of them is not known."""
    found: dict[str, Any] = {}
    for each in _listed(node):
        waits = each.expression if not isinstance(each._value, dict) else add(found, each)
        if waits is not None:
            return like(waits, each)
    return _at(found, node)


def _extended(found: dict[str, Node], key: str, more: Node) -> None:
    held = found.get(key)
    if held is None:
        found[key] = _as_list(more)
    elif isinstance(held._value, list) and not isinstance(more._value, Expression):
        found[key] = _at([*held._value, *_listed(more)], held)
    elif held.known:
        found[key] = more  # an expression: one part of the list is not known


def _principals(node: Node) -> Node:
    def add(found: dict[str, Any], each: Node) -> Expression | None:
        kind = each["type"]
        if kind.expression:
            return kind.expression
        _extended(found, str(kind._value), each["identifiers"])
        return None

    return _gathered(node, add)


def _conditions(node: Node) -> Node:
    def add(found: dict[str, Any], each: Node) -> Expression | None:
        test, variable = each["test"], each["variable"]
        waits = test.expression or variable.expression
        if waits:
            return waits
        inner = found.setdefault(str(test._value), _at({}, each))
        _extended(inner._value, str(variable._value), each["values"])
        return None

    return _gathered(node, add)


# text


def _parsed(source: Source, near: Node) -> Node | None:
    nodes = source.once(json.parse).nodes
    return normal(nodes[0]) if nodes and (nodes[0].is_mapping or nodes[0].is_list) else None


def _read(text: str, node: Node, waits: Expression | None) -> Node | None:
    """The value of a JSON text, each part placed where it stands when the text stands there as it is."""
    if not text.strip().startswith(("{", "[")) or len(text) > TEXT:
        return None
    nodes = json.parse(Source(node.source.path, text)).nodes
    return normal(_placed(nodes[0], _Places(text, node), waits)) if nodes else None


class _Places:
    """How the places in a text become places in the file that it stands in: line by line, in a heredoc."""

    def __init__(self, text: str, node: Node) -> None:
        self.node = node
        self.shift: tuple[int, int] | None = None
        first, lines = node.span.line + 1, text.split("\n")
        written = [node.source.line(first + number) for number in range(len(lines) - 1)]
        if written and len(lines) < 5000:
            indent = len(written[0]) - len(written[0].lstrip()) - (len(lines[0]) - len(lines[0].lstrip()))
            if indent >= 0 and all(
                values.UNKNOWN_PART in line or line == there[indent:]
                for line, there in zip(lines, written, strict=False)
            ):
                self.shift = (node.span.line, indent)

    def of(self, span: Span) -> Span:
        if self.shift is None:
            return self.node.span
        down, right = self.shift
        return Span(span.line + down, span.column + right, span.end_line + down, span.end_column + right)


def _placed(node: Node, places: _Places, waits: Expression | None) -> Node:
    value = node._value
    if isinstance(value, dict):
        if waits is not None and any(values.UNKNOWN_PART in key for key in value):
            known = {key: item for key, item in value.items() if values.UNKNOWN_PART not in key}
            value = Partly({key: like(Expression(*waits[:2]), item) for key, item in known.items()}, waits)
        else:
            value = {key: _placed(item, places, waits) for key, item in value.items()}
    elif isinstance(value, list):
        value = [_placed(item, places, waits) for item in value]
    elif waits is not None and isinstance(value, str) and values.UNKNOWN_PART in value:
        value = Unspoken.made(waits, Value(value, places.node.source, places.of(node.span)), "parts")
    key = places.of(node.key) if node.key else None
    return Value(value, places.node.source, places.of(node.span), key)
