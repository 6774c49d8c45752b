"""YAML to nodes, with places.

YAML 1.2 core values (so that `on:` stays a key and `yes` a string), merge keys, explicit tags kept. Aliases share one
node and what they expand to is counted, so a few nested ones cannot fill the memory. A broken document is a fault;
the documents beside it are still read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import yaml

from gatekeeper.node import Fault, Node, Source, Span, regex

_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

DEPTH = 100  # PyYAML's C loader crashes the process on deep nesting; real files reach 28
SIZE = 250_000  # nodes after aliases are expanded; the largest real file seen has 17,116

_DOCUMENT = regex(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_DEEP = regex(rf"^[ \-?]{{{DEPTH + 1}}}", re.MULTILINE)  # an indent for more levels than that
# What may open a mapping or list of the flow style: no bracket right behind a word, `$` or `)` is that, in no place of
# a document. Neither counts what a template in one line opens and closes again, with no quote or comment between.
# (It begins with the bracket, and looks behind it then: what begins with a class of signs is searched for quickly.)
_OPENS = regex(r"[\[{](?:(?<=\{)(?P<pair>\{[^{}\[\]\"'#\n]*\}\})|(?<![\w$)].))")
_INT = regex(r"[-+]?[0-9]{1,30}\Z")
_FLOAT = regex(r"[-+]?(\.[0-9]{1,30}|[0-9]{1,30}(\.[0-9]{0,30})?)([eE][-+]?[0-9]{1,3})?\Z")
_BASED = regex(r"0x[0-9a-fA-F]{1,16}\Z|0o?[0-7]{1,21}\Z")
_STARTS = frozenset("0123456789+-.")  # of numbers
_BLOCKS = frozenset("|>")
_Scalar = yaml.ScalarNode
_span = tuple.__new__  # a `Span` without a call of our own: there is one for every key and value
_WORDS: dict[str, Any] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
    "-.inf": float("-inf"),
}


class Documents(NamedTuple):
    """The documents that could be read, in order, and the faults of the others."""

    nodes: list[Node]
    faults: list[Fault]


def parse(source: Source) -> Documents:
    """Every document of a YAML stream. Empty documents are left out. Never raises for what the text holds."""
    try:
        return Documents(list(_read(source, source.text, 0)), [])
    except _FAILURES:
        return _document_by_document(source, source.text)


def twice(source: Source) -> list[tuple[str, int]]:
    """Keys that one mapping holds twice, and the line of the second: the later one would win in silence."""
    found: list[tuple[str, int]] = []
    open_ = [document for document in _composed(source.text) if document]
    done: set[int] = set()
    while open_:
        node = open_.pop()
        if id(node) in done or isinstance(node, yaml.ScalarNode):
            continue
        done.add(id(node))
        keys: set[str] = set()
        for child in node.value:
            key, value = child if isinstance(child, tuple) else (None, child)
            open_.append(value)
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in keys:
                    found.append((key.value, key.start_mark.line + 1))
                keys.add(key.value)
    return found


def _document_by_document(source: Source, text: str) -> Documents:
    nodes: list[Node] = []
    faults: list[Fault] = []
    starts = [0, *(m.start() for m in _DOCUMENT.finditer(text) if m.start() > 0), len(text)]
    for begin, end in pairwise(starts):
        line = source.span(begin, begin).line - 1
        try:
            nodes.extend(_read(source, text[begin:end], line))
        except _FAILURES as error:
            faults.append(_fault(source, error, line))
    return Documents(nodes, faults)


def _read(source: Source, text: str, line: int) -> Iterator[Node]:
    """The documents of a text that begins after `line` lines of the source. Raises one of `_FAILURES`."""
    _refuse_depth(source, text, line)
    for document in _composed(text):
        if document is None or (isinstance(document, yaml.ScalarNode) and not document.value):
            continue
        yield _Converter(source, line).convert(document)


class _Untagged(_Loader):  # type: ignore[misc]  # chosen when it runs
    """Leaves out the tags that nobody wrote: `_Converter` tells what a scalar is by itself."""

    # Called for every node, for nothing: this says '' to whatever it is given, without a frame of Python's.
    resolve = descend_resolver = ascend_resolver = "".format


def _composed(text: str) -> Iterator[Any]:
    """The documents of a text. An anchor may be written twice: the later one holds from there on (YAML 1.2)."""
    try:
        return iter(list(yaml.compose_all(text, _Untagged)))
    except yaml.composer.ComposerError as error:
        if "duplicate anchor" not in str(error.context):
            raise
        return yaml.compose_all(text, _Redefining)


class _Redefining(yaml.BaseLoader):
    def compose_node(self, parent: Any, index: Any) -> Any:
        if not self.check_event(yaml.AliasEvent):
            self.anchors.pop(self.peek_event().anchor, None)  # type: ignore[no-untyped-call]  # PyYAML has no types for it
        return super().compose_node(parent, index)


def _fault(source: Source, error: Exception, line: int) -> Fault:
    if isinstance(error, _Refused):
        return Fault(source, error.span, str(error))
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    at = line + (mark.line if mark else 0) + 1
    column = mark.column + 1 if mark else 1
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    context = getattr(error, "context", None)
    if "maximum nesting depth" in problem:  # newer libyaml stops by itself, before the events are counted
        return Fault(source, source.line_span(at), f"nests deeper than {DEPTH} levels")
    words = f"{problem} {context}" if context else problem
    while at > 1 and not source.line(at).strip():  # the end of the text: say where it was last written
        at, column = at - 1, len(source.line(at - 1)) + 1
    return Fault(source, Span(at, column, at, column), f"not valid YAML: {words}")


def _refuse_depth(source: Source, text: str, line: int) -> None:
    """Raises `_Refused` when the text nests deeper than `DEPTH`; the exact count is taken only of suspicious texts."""
    flow = text.count("[") + text.count("{")
    if flow > DEPTH:
        flow = sum(1 for found in _OPENS.finditer(text) if not found["pair"]) + 2  # the one pair that is open
    if flow <= DEPTH and not _DEEP.search(text):
        return
    depth = 0
    for event in yaml.parse(text, _Loader):  # an error ends it before anything is composed
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
            if depth > DEPTH:
                assert event.start_mark
                raise _Refused(f"nests deeper than {DEPTH} levels", source.line_span(event.start_mark.line + 1 + line))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1


class _Refused(Exception):
    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


_FAILURES = (yaml.YAMLError, _Refused, RecursionError, ValueError)


class _Converter:
    """One document. Holds what was converted already, so that an alias costs nothing twice."""

    def __init__(self, source: Source, line: int) -> None:
        self.source = source
        self.lines = source.lines
        self.line = line
        self.done: dict[int, Node] = {}
        self.size: dict[int, int] = {}
        self.under_way: set[int] = set()

    def span(self, node: Any) -> Span:
        start, end = node.start_mark, node.end_mark
        first, last = start.line + 1 + self.line, end.line + 1 + self.line
        lines = self.lines
        if first > len(lines):  # an empty value that nobody wrote, behind the last line
            return Span(len(lines), len(lines[-1]) + 1, len(lines), len(lines[-1]) + 1)
        column = end.column + 1
        if last > first and (node.__class__ is not _Scalar or node.style in _BLOCKS):
            # A block ends where the next token starts: take it back to its last written line.
            while last > first and not (last <= len(lines) and lines[last - 1][: column - 1].strip()):
                last -= 1
                column = len(lines[last - 1].rstrip()) + 1 if last <= len(lines) else 1
        return _span(Span, (first, start.column + 1, last, column))

    def convert(self, node: Any) -> Node:
        known = self.done.get(id(node))
        if known is not None:
            return known
        tag = node.tag
        if tag:
            tag = _tag(tag)
        if node.__class__ is _Scalar:
            value = node.value
            if not node.style and (value in _WORDS or value[0] in _STARTS):
                value = self._plain(node, value)
            self.done[id(node)] = made = Node(value, self.source, self.span(node), None, tag)
            return made
        if id(node) in self.under_way:
            raise _Refused("an alias contains itself", self.span(node))
        self.under_way.add(id(node))
        if isinstance(node, yaml.MappingNode):
            value, size = self._mapping(node)
        else:
            value = [self.convert(item) for item in node.value]
            size = 1 + sum(self.size.get(id(item), 1) for item in node.value)
        self.under_way.discard(id(node))
        if size > SIZE:
            raise _Refused(f"expands to more than {SIZE} nodes", self.span(node))
        self.done[id(node)] = made = Node(value, self.source, self.span(node), None, tag)
        self.size[id(node)] = size
        return made

    def _mapping(self, node: Any) -> tuple[Any, int]:
        written: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        size = 1
        for key, value in node.value:
            fresh = id(value) not in self.done
            child = self.convert(value)
            size += 1 + self.size.get(id(value), 1)
            scalar = key.__class__ is _Scalar
            name = key.value if scalar else "?"
            if name == "<<" and not key.style:
                sources = list(child) if child.is_list else [child]
                for source in sources:
                    for inherited_name, inherited in source.items():
                        merged.setdefault(inherited_name, inherited)
                continue
            place = self.span(key)
            if fresh:
                child.key = place
            else:  # an alias: the same value under another key
                child = Node(child._value, child.source, child.span, place, child.tag)
            if name in written and scalar:
                self.source.repeated[place] = name
            written[name] = child
        return ({**{k: v for k, v in merged.items() if k not in written}, **written} if merged else written), size

    def _plain(self, node: Any, text: str) -> Any:
        """The value of a scalar without quotes that may be a word of YAML's or a number."""
        if text in _WORDS:
            return _WORDS[text]
        mark = node.start_mark
        if self.source.line(mark.line + 1 + self.line).startswith("!!str", mark.column):
            return text
        return _number(text)


def _number(text: str) -> Any:
    if _BASED.match(text):
        return int(text, 16) if text[1] == "x" else int(text.replace("o", ""), 8)
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    return text


def _tag(tag: str) -> str:
    return "" if tag.startswith("tag:yaml.org,2002:") else tag
