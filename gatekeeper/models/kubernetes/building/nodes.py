"""Changing nodes without touching them: what a parse cached stays as it is, and what did not change is not copied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gatekeeper.models.kubernetes.selector import written
from gatekeeper.node import Node, Source, Span
from gatekeeper.parsers import yaml

Change = Callable[[Node], Node | None]


def mapping(node: Node | None) -> dict[str, Node]:
    """The pairs of a mapping, none for anything else."""
    value = None if node is None else node._value
    return value if type(value) is dict else {}


def listed(node: Node | None) -> list[Node]:
    """The items of a list, none for anything else."""
    value = None if node is None else node._value
    return value if type(value) is list else []


def text(node: Node | None) -> str:
    """A scalar as text."""
    if node is None:
        return ""
    value = node._value
    return value if type(value) is str else written(node)


def said(node: Node) -> bool:
    """Whether an option is switched on."""
    return node.known and node.value is True


def is_scalar(node: Node) -> bool:
    return node.present and not node.is_mapping and not node.is_list


def holding(node: Node, value: Any) -> Node:
    """The node with another value, at its place."""
    return Node(value, node.source, node.span, node.key, node.tag)


def decided(value: Any, by: Node) -> Node:
    """A value that stands nowhere as such, at the place that decided it."""
    return Node(value, by.source, by.span, by.key)


def with_field(node: Node, name: str, value: Node | None) -> Node:
    """The mapping with a field set, or removed where the value is None."""
    pairs = mapping(node)
    if value is None:
        if name not in pairs:
            return node
        return holding(node, {key: child for key, child in pairs.items() if key != name})
    return node if pairs.get(name) is value else holding(node, {**pairs, name: value})


def changed(node: Node, path: tuple[str, ...], change: Change, make: Callable[[bool], Node] | None = None) -> Node:
    """The node with `change` made at every place the path leads to; lists on the way are gone through.

    `make(last)` gives what is put where nothing stands; without it nothing is made. A step that ends in `[]` is never
    made.
    """
    if not path:
        return change(node) or node
    if node.is_list:
        items = [changed(item, path, change, make) for item in listed(node)]
        same = all(new is old for new, old in zip(items, listed(node), strict=True))
        return node if same else holding(node, items)
    if not node.is_mapping:
        return node
    step = path[0].removesuffix("[]")
    old = mapping(node).get(step)
    below = old
    if (below is None or not below.present) and make is not None and not path[0].endswith("[]"):
        below = make(len(path) == 1)
    if below is None or (not below.present and len(path) > 1):
        return node
    new = changed(below, path[1:], change, make)
    return node if new is old else with_field(node, step, new)


def at(node: Node, *path: str) -> Node | None:
    """What stands at a path of keys; None when nothing does, or null."""
    for step in path:
        found = mapping(node).get(step)
        if found is None:
            return None
        node = found
    return node if node.present else None


def moved(node: Node, source: Source, place: Callable[[Span], Span]) -> Node:
    """The node and all inside it with other places: text that stands inside a file was parsed by itself."""
    value: Any = node.expression
    if node.is_mapping:
        value = {key: moved(child, source, place) for key, child in mapping(node).items()}
    elif node.is_list:
        value = [moved(child, source, place) for child in listed(node)]
    elif node.known:
        value = node.value
    return Node(value, source, place(node.span), place(node.key) if node.key else None, node.tag)


def plain_scalar(written_: str) -> Any:
    """What a text is where YAML reads it without quotes: `3` is a number."""
    if len(written_) > 100 or not written_ or "\n" in written_ or written_[0] in "\"'[{&*!|>%@`#":
        return written_
    nodes = yaml.parse(Source("", written_)).nodes
    return nodes[0].value if len(nodes) == 1 and is_scalar(nodes[0]) else written_
