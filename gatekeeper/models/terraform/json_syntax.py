"""Terraform's JSON syntax as the bodies and blocks of the native one.

What is an attribute and what a nested block only a provider's schema says: below a block's labels everything is an
attribute here, and `Block.blocks` reads both. Strings are templates.
"""

from __future__ import annotations

from gatekeeper.node import Node, Span
from gatekeeper.parsers import hcl

_LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "provider": 1, "module": 1, "variable": 1, "output": 1}


def body_of_json(root: Node) -> hcl.Body:
    """The blocks of a file."""
    blocks: list[hcl.Block] = []
    for kind, node in root.items():
        if kind != "//":
            _collect(blocks, kind, (), node, _LABELS.get(kind, 0))
    return hcl.Body({}, blocks)


def _collect(blocks: list[hcl.Block], kind: str, labels: tuple[str, ...], node: Node, missing: int) -> None:
    for each in node if node.is_list else (node,):
        if missing:
            for label, inner in each.items():
                _collect(blocks, kind, (*labels, label), inner, missing - 1)
        elif each.is_mapping:
            key = node.key or each.span
            blocks.append(hcl.Block(kind, labels, attributes_of_json(each), hcl.Home(node.source, "", key), 0, 0, 0))


def attributes_of_json(node: Node) -> hcl.Body:
    """A mapping as the attributes of a body; its keys `//` are comments."""
    return hcl.Body({name: _Attribute(name, value) for name, value in node.items() if name != "//"}, [])


class _Attribute(hcl.Attribute):
    __slots__ = ("node",)

    def __init__(self, name: str, node: Node) -> None:
        super().__init__(_home(node), name, 0, lambda: _expr(node))
        self.node = node

    @property
    def key(self) -> Span:
        return self.node.key or self.node.span


def _home(node: Node) -> hcl.Home:
    return hcl.Home(node.source, "", node.span)


def _expr(node: Node) -> hcl.Expr:
    value = node.value
    if isinstance(value, dict):
        pairs = [(_text(key, child), _expr(child)) for key, child in value.items() if key != "//"]
        return hcl.Object(_home(node), 0, 0, pairs)
    if isinstance(value, list):
        return hcl.Tuple(_home(node), 0, 0, [_expr(child) for child in value])
    if isinstance(value, str) and ("${" in value or "%{" in value):
        return hcl.template(node.source, value, node.span)
    return hcl.Literal(_home(node), 0, 0, value)


def _text(key: str, child: Node) -> hcl.Expr:
    at = child.key or child.span
    if "${" in key:
        return hcl.template(child.source, key, at)
    return hcl.Literal(hcl.Home(child.source, "", at), 0, 0, key)
