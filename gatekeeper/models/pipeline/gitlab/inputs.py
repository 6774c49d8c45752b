"""`spec: inputs` of a configuration file, and `$[[ inputs.x ]]` in it.

Source: "CI/CD inputs" of GitLab's documentation. A value that only whoever starts the pipeline gives is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gatekeeper.node import Expression, Node

_OPEN, _CLOSE = "$[[", "]]"
_SCRIPTS = frozenset({"script", "before_script", "after_script"})
_TYPES = frozenset({"string", "number", "boolean", "array"})


class Input(NamedTuple):
    """One declared input: its type, what may be given for it, and its value here (None: whoever starts it says)."""

    name: str
    at: Node
    type: str
    free: bool  # a text of which neither options nor a pattern say what it may be
    value: Node | None


class Interpolated(NamedTuple):
    """An input that becomes a part of a command: the line, and the declaration."""

    line: Node
    input: Input


def declared(header: Node, given: Mapping[str, Node]) -> dict[str, Input]:
    """The inputs of a file by their names; `given` is what an includer gives."""
    found: dict[str, Input] = {}
    inputs = header["spec"]["inputs"]
    for name, node in inputs.items() if inputs.known else ():
        kind = node["type"].text if node["type"].known else ""
        free = not (node["options"].present or node["regex"].present or node["rules"].present)
        value = given.get(name) or (node["default"] if _writes_default(node) else None)
        found[name] = Input(name, node, kind if kind in _TYPES else "string", free, value)
    return found


def _writes_default(node: Node) -> bool:
    return node.known and node.is_mapping and "default" in node.value


class Interpolator:
    """Puts inputs into the nodes of one file, and keeps account of those that end up in commands."""

    def __init__(self, inputs: Mapping[str, Input]) -> None:
        self.inputs = inputs
        self.found: list[Interpolated] = []
        self._done: dict[tuple[int, bool], tuple[Node, Node]] = {}

    def put(self, node: Node, script: bool = False) -> Node:
        """The node with every input below it put in; itself where there is none."""
        key = (id(node), script)
        if key not in self._done:
            self._done[key] = (node, self._put(node, script))
        return self._done[key][1]

    def _put(self, node: Node, script: bool) -> Node:
        if node.is_mapping:
            entries = {
                self._text(name, node): self.put(child, script or name in _SCRIPTS) for name, child in node.items()
            }
            same = all(entries.get(name) is child for name, child in node.items())
            return node if same else Node(entries, node.source, node.span, node.key, node.tag)
        if node.is_list:
            items = [self.put(item, script) for item in node]
            same = all(a is b for a, b in zip(items, node, strict=True))
            return node if same else Node(items, node.source, node.span, node.key, node.tag)
        if not isinstance(node._value, str) or _OPEN not in node._value:
            return node
        return self._scalar(node, node._value, script)

    def _scalar(self, node: Node, text: str, script: bool) -> Node:
        places = list(_places(text))
        used = [name for _, _, name, _ in places if name in self.inputs] if script else []
        self.found += [Interpolated(node, self.inputs[name]) for name in used]
        if len(places) == 1 and places[0][:2] == (0, len(text)) and not places[0][3]:
            value = self._value(places[0][2])
            if value is not None:
                return Node(value._value, node.source, node.span, node.key, value.tag)
        made: list[str] = []
        at = 0
        for start, end, name, functions in places:
            value = self._value(name)
            if value is None or not value.known or value.is_mapping or value.is_list:
                reason = "is an input of the pipeline" if name in self.inputs else "is an input that nothing declares"
                return Node(Expression(text, reason), node.source, node.span, node.key)
            made += [text[at:start], _applied(value.text, functions)]
            at = end
        return Node("".join((*made, text[at:])), node.source, node.span, node.key, node.tag)

    def _value(self, name: str) -> Node | None:
        declared = self.inputs.get(name)
        return declared.value if declared else None

    def _text(self, key: str, node: Node) -> str:
        if _OPEN not in key:
            return key
        made = self._scalar(node, key, script=False)
        return made.text if made.known else key


def _places(text: str) -> Iterator[tuple[int, int, str, tuple[str, ...]]]:
    """Each `$[[ inputs.name | function ]]`: where it starts and ends, the name, the functions."""
    start = text.find(_OPEN)
    while start >= 0:
        end = text.find(_CLOSE, start)
        if end < 0:
            return
        name, *functions = (part.strip() for part in text[start + 3 : end].split("|"))
        if name.startswith("inputs."):
            yield start, end + 2, name.removeprefix("inputs."), tuple(functions[:3])
        start = text.find(_OPEN, end)


def _applied(text: str, functions: tuple[str, ...]) -> str:
    for function in functions:
        name, _, rest = function.partition("(")
        if name == "truncate":
            numbers = [part.strip() for part in rest.rstrip(")").split(",")]
            if len(numbers) == 2 and all(part.isdigit() and len(part) < 6 for part in numbers):
                text = text[int(numbers[0]) : int(numbers[0]) + int(numbers[1])]
    return text
