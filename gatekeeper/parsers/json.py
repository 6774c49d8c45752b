"""JSON to nodes, with places.

Values are those of the standard library's `json`, also where a key stands twice (the last one counts). Broken JSON
is one fault: there is nothing to go on with behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from json import JSONDecoder, loads
from typing import Any, NamedTuple

from gatekeeper.node import START, Fault, Missing, Node, Source, regex

DEPTH = 100

_TOKEN = regex(
    r"[ \t\r\n]*(?:"
    r'("[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*")'
    r"|([{}\[\],:])"
    r"|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)(?![\w.])"
    r"|(true|false|null)\b)"
)
_REST = regex(r"[ \t\r\n]*")
_WORDS = {"true": True, "false": False, "null": None}


class Document(NamedTuple):
    """The value of the file (one node, or none when it is broken), and the fault."""

    nodes: list[Node]
    faults: list[Fault]


class _Broken(Exception):
    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


def parse(source: Source) -> Document:
    """The value that a file holds. Never raises for what the text holds."""
    try:
        return Document([_Reader(source).read()], [])
    except _Broken as broken:
        end = min(broken.offset + 1, len(source.text))
        return Document([], [Fault(source, source.span(min(broken.offset, end), end), f"not valid JSON: {broken}")])


def find(source: Source, *steps: str | int) -> Node:
    """The one value at the end of some steps, with its place: much cheaper than to parse all of a large file.

    What is not there is absent, near what is. The text must be JSON that `json` reads.
    """
    text, key = source.text, None
    start = _blank(text, 1 if text.startswith("\ufeff") else 0)
    for number, step in enumerate(steps):
        found = _entry(source, start, step)
        if found is None:
            near = Node(None if number else {}, source, source.span(start, start + 1), key)
            return Missing(near, step)
        key = source.span(*found.key) if found.key else key if isinstance(step, str) else None
        start = found.value
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return Node(None, source, START)
    return Node(_held(value), source, source.span(start, end), key)


_DECODER = JSONDecoder()


class _Entry(NamedTuple):
    """Where a value begins, and its key."""

    value: int
    key: tuple[int, int] | None = None


def _blank(text: str, offset: int) -> int:
    match = _REST.match(text, offset)
    return match.end() if match else offset


def _entry(source: Source, start: int, step: str | int) -> _Entry | None:
    """The entry of a mapping, or the item of a list, that begins at `start`."""
    known = source.once(_looked_into)
    if start not in known:
        known[start] = {}
        for name, entry in _entries(source.text, start):
            known[start].setdefault(name, entry)
    return known[start].get(step)


def _looked_into(source: Source) -> dict[int, dict[str | int, _Entry]]:
    """The entries of the mappings and lists that were looked into, by where these begin: a file with one fault has
    many, and all that stands before them would be read again for each."""
    return {}


def _entries(text: str, start: int) -> Iterator[tuple[str | int, _Entry]]:
    try:
        yield from _of_mapping(text, start) if text[start] == "{" else _of_list(text, start)
    except (ValueError, IndexError, RecursionError):
        return


def _of_mapping(text: str, start: int) -> Iterator[tuple[str, _Entry]]:
    at = _blank(text, start + 1)
    while text[at] == '"':
        name, end = _DECODER.raw_decode(text, at)
        value = _blank(text, _blank(text, end) + 1)
        yield name, _Entry(value, (at, end))
        at = _blank(text, _DECODER.raw_decode(text, value)[1])
        at = _blank(text, at + 1) if text[at] == "," else at


def _of_list(text: str, start: int) -> Iterator[tuple[int, _Entry]]:
    at = _blank(text, start + 1)
    number = 0
    while text[start] == "[" and text[at] != "]":
        yield number, _Entry(at)
        number += 1
        at = _blank(text, _DECODER.raw_decode(text, at)[1])
        if text[at] != ",":
            return
        at = _blank(text, at + 1)


def _held(value: Any) -> Any:
    """A value as a node holds it; what a mapping or a list holds is not looked at."""
    if isinstance(value, dict):
        return {}
    return [] if isinstance(value, list) else value


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.offset = 1 if self.text.startswith("\ufeff") else 0
        self.start = self.offset  # where the last token begins

    def read(self) -> Node:
        node = self.value(0)
        rest = _REST.match(self.text, self.offset)
        end = rest.end() if rest else self.offset
        if end < len(self.text):
            raise _Broken("something follows the value", end)
        return node

    def token(self) -> tuple[str, str]:
        """The next token: its words and, for a string, number or word, `"`, `0` or `t`."""
        match = _TOKEN.match(self.text, self.offset)
        if not match:
            blank = _REST.match(self.text, self.offset)
            at = blank.end() if blank else self.offset
            if at >= len(self.text):
                raise _Broken("it ends too early", at)
            word = self.text[at]
            raise _Broken("a string is not closed or holds a bad escape" if word == '"' else f"unexpected {word!r}", at)
        self.offset = match.end()
        kind = match.lastindex or 2
        self.start = match.start(kind)
        return match[kind], '":0t'[kind - 1]

    def value(self, depth: int) -> Node:
        return self.of(*self.token(), depth)

    def of(self, words: str, kind: str, depth: int) -> Node:
        start = self.start
        value: Any
        if kind == '"':
            value = self.string(words)
        elif kind == "0":
            value = self.number(words)
        elif kind == "t":
            value = _WORDS[words]
        elif depth >= DEPTH:
            raise _Broken(f"nests deeper than {DEPTH} levels", start)
        elif words == "{":
            value = self.mapping(depth + 1)
        elif words == "[":
            value = self.items(depth + 1)
        else:
            raise _Broken(f"unexpected {words!r}", start)
        return Node(value, self.source, self.source.span(start, self.offset))

    def mapping(self, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        words, kind = self.token()
        if words == "}" and kind == ":":
            return found
        while True:
            if kind != '"':
                raise _Broken(f"expected a key, not {words!r}", self.start)
            name, key = self.string(words), self.source.span(self.start, self.offset)
            self.expect(":")
            node = self.value(depth)
            node.key = key
            found[name] = node
            if self.expect(",", "}") == "}":
                return found
            words, kind = self.token()

    def items(self, depth: int) -> list[Node]:
        found: list[Node] = []
        words, kind = self.token()
        if words == "]" and kind == ":":
            return found
        while True:
            found.append(self.of(words, kind, depth))
            if self.expect(",", "]") == "]":
                return found
            words, kind = self.token()

    def expect(self, *marks: str) -> str:
        words, kind = self.token()
        if kind != ":" or words not in marks:
            raise _Broken(f"expected {' or '.join(map(repr, marks))}, not {words[:20]!r}", self.start)
        return words

    def string(self, words: str) -> str:
        if "\\" not in words:
            return words[1:-1]
        try:
            text: str = loads(words)
        except ValueError:
            raise _Broken("a bad escape in a string", self.start) from None
        return text

    def number(self, words: str) -> int | float:
        try:
            value: int | float = loads(words)
        except ValueError:
            raise _Broken("a number too long to be read", self.start) from None
        return value
