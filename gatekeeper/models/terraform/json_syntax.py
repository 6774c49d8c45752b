"""Terraform's JSON syntax as the bodies and blocks of the native one.

What is an attribute and what a nested block only a provider's schema says: below a block's labels everything is an
attribute here, and `Block.blocks` reads both; but dynamic blocks, and what holds some, are blocks. Strings are
templates.
"""

from __future__ import annotations

from collections.abc import Iterator

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
    attributes: dict[str, hcl.Attribute] = {}
    blocks: list[hcl.Block] = []
    for name, value in node.items():
        if name == "dynamic" and value.is_mapping:
            blocks += _dynamic(value)
        elif _holds_dynamic(value, _DEPTH):
            for each in value if value.is_list else (value,):
                blocks.append(_block(name, (), attributes_of_json(each), each))
        elif name != "//":
            attributes[name] = _Attribute(name, value)
    return hcl.Body(attributes, blocks)


_DEPTH = 8  # of blocks within blocks


def _holds_dynamic(node: Node, left: int) -> bool:
    """Whether it is a block, or a list of them, with dynamic blocks inside."""
    items = list(node) if node.is_list else [node]
    if not left or not items or not all(each.is_mapping for each in items):
        return False
    return any(
        _is_dynamic(value) if name == "dynamic" else _holds_dynamic(value, left - 1)
        for each in items
        for name, value in each.items()
    )


def _is_dynamic(node: Node) -> bool:
    return node.is_mapping and any(
        each.is_mapping and "content" in each
        for _, found in node.items()
        for each in (found if found.is_list else (found,))
    )


def _dynamic(node: Node) -> Iterator[hcl.Block]:
    for name, found in node.items():
        for each in found if found.is_list else (found,):
            if not each.is_mapping:
                continue
            body = attributes_of_json(Node({k: v for k, v in each.items() if k != "content"}, each.source, each.span))
            iterator = each["iterator"]
            if isinstance(iterator.value, str):  # a name, and no text
                home = hcl.Home(each.source, iterator.value, iterator.span)
                word = hcl.Variable(home, 0, len(iterator.value), iterator.value)
                body.attributes["iterator"] = hcl.Attribute(home, "iterator", 0, word)
            for content in each["content"] if each["content"].is_list else (each["content"],):
                body.blocks.append(_block("content", (), attributes_of_json(content), content))
            yield _block("dynamic", (name,), body, each)


def _block(kind: str, labels: tuple[str, ...], body: hcl.Body, node: Node) -> hcl.Block:
    return hcl.Block(kind, labels, body, hcl.Home(node.source, "", node.key or node.span), 0, 0, 0)


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
