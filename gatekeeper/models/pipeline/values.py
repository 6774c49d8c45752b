"""What a `${{ }}` may be, as far as the files say: inputs, matrix, environment variables and literals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gatekeeper.models.pipeline import expressions
from gatekeeper.models.pipeline.expressions import Tree
from gatekeeper.node import Node

if TYPE_CHECKING:
    from gatekeeper.models.pipeline.ir import Job, Values

_MOST = 40  # values of one text that are followed
_DEPTH = 5


def possible(text: str, job: Job, depth: int = 0, inputs: Mapping[str, str] | None = None) -> Values:
    """The values a text may have, in the order they are met; None when one of its expressions is not known.

    `inputs` are those of the action that the text belongs to, in place of the pipeline's.
    """
    found: tuple[str, ...] = ("",)
    at = 0
    for start, end, inner in expressions.found(text):
        tree = expressions.parse(inner)
        choices = _of(tree, job, depth, inputs) if tree else None
        if choices is None:
            return None
        found = tuple(dict.fromkeys(f"{a}{text[at:start]}{b}" for a in found for b in choices))[:_MOST]
        at = end
    if "${{" in text[at:]:
        return None
    return tuple(f"{a}{text[at:]}" for a in found)


def _of(tree: Tree, job: Job, depth: int, inputs: Mapping[str, str] | None) -> Values:
    if depth > _DEPTH:
        return None
    if tree[0] == "literal":
        return (
            (tree[1],) if isinstance(tree[1], str) else (str(tree[1]).lower(),) if isinstance(tree[1], bool) else None
        )
    if tree[0] == "||":
        return _either(tree[1:], job, depth, inputs)
    if tree[0] == "&&":
        last = _of(tree[-1], job, depth + 1, inputs)
        return None if last is None else tuple(dict.fromkeys((*last, "")))  # and what is not true, before it
    if tree[0] == "path":
        return _path(tree[1], job, depth, inputs)
    if tree[0] == "call" and tree[1] == "case" and len(tree[2]) % 2:
        return _all_of((*tree[2][1::2], tree[2][-1]), job, depth, inputs)
    return None


def _all_of(parts: Sequence[Tree], job: Job, depth: int, inputs: Mapping[str, str] | None) -> Values:
    choices = [_of(part, job, depth + 1, inputs) for part in parts]
    if any(choice is None for choice in choices):
        return None
    return tuple(dict.fromkeys(value for choice in choices for value in choice or ()))[:_MOST]


def _either(parts: Sequence[Tree], job: Job, depth: int, inputs: Mapping[str, str] | None) -> Values:
    """`a || b`: what of the first is not empty; the next one only where the first may be empty."""
    found: list[str] = []
    for number, part in enumerate(parts):
        values = _of(part, job, depth + 1, inputs)
        if values is None:
            return None
        last = number + 1 == len(parts)
        found += [value for value in values if last or value not in ("", "false")]
        started_otherwise = part[0] == "path" and job.pipeline.caller is None and inputs is None
        if all(value not in ("", "false") for value in values) and not started_otherwise:
            break
    return tuple(dict.fromkeys(found))[:_MOST]


def _path(path: str, job: Job, depth: int, inputs: Mapping[str, str] | None) -> Values:
    context, _, name = path.partition(".")
    if path.startswith("github.event.inputs."):
        context, name = "inputs", path.removeprefix("github.event.inputs.")
    if context == "inputs" and inputs is not None:
        return (inputs[name],) if name in inputs and "${{" not in inputs[name] else None
    if context == "inputs":
        return job.pipeline.inputs.get(name)
    if context == "matrix":
        return _matrix(name, job, depth)
    if context == "env":
        node = {key.lower(): value for key, value in {**job.pipeline.env, **job.env}.items()}.get(name)
        return possible(node.text, job, depth + 1) if node is not None and node.known and not node.is_mapping else None
    return None


def _matrix(name: str, job: Job, depth: int) -> Values:
    found: list[str] = []
    matrix = job.matrix
    if not matrix.known or not matrix.is_mapping:
        return None
    key, _, rest = name.partition(".")
    lists = [node for label, node in matrix.items() if label.lower() == key]
    lists += [item[label] for item in _items(matrix["include"]) for label, _ in _pairs(item) if label.lower() == key]
    for node in lists:
        if not node.known or (not node.is_list and "${{" in str(node.text)):
            return None
        for item in node if node.is_list else (node,):
            chosen = item[rest] if rest else item
            values = possible(chosen.text, job, depth + 1) if chosen.known and not chosen.is_mapping else None
            if values is None:
                return None
            found += values
    return tuple(dict.fromkeys(found))[:_MOST] if found else None


def _items(node: Node) -> list[Node]:
    return list(node) if node.known else []


def _pairs(node: Node) -> list[tuple[str, Node]]:
    return list(node.items()) if node.known else []
