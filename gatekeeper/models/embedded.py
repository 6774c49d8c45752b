"""A text inside a file, in a syntax of its own: what a ConfigMap, a chart's values or an object carries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.node import Fault, Node, Source, Span, regex
from gatekeeper.parsers import yaml

_LITERAL = regex(r"\|[-+0-9]{0,2}(?:[ \t]{1,50}#.*)?\Z")


class Text(NamedTuple):
    """A text in a syntax of its own: a file, or what stands in one. Its lines are those of the file.

    `fixed` is the one place of everything, where its lines are not the file's.
    """

    text: str
    source: Source
    fixed: Span | None = None

    def node(self, value: object, line: int, column: int, end: int) -> Node:
        return Node(value, self.source, self.fixed or Span(line, column, line, max(end, column)))

    def node_of_line(self, value: object, line: int) -> Node:
        return Node(value, self.source, self.fixed or self.source.line_span(line))

    def fault(self, line: int, words: str, technology: str) -> Fault:
        return Fault(self.source, self.fixed or self.source.line_span(line), words, technology=technology)

    def documents(self) -> yaml.Documents:
        """What it holds, read as YAML."""
        inner = Source(self.source.path, self.text)
        read = yaml.parse(inner)
        for node in (each for root in read.nodes for each in root.walk()):
            node.source = self.source
            if self.fixed:
                node.span, node.key = self.fixed, self.fixed
        faults = [each._replace(source=self.source, span=self.fixed or each.span) for each in read.faults]
        return yaml.Documents(read.nodes, faults)


def inside(node: Node) -> Text:
    """The text that a file of YAML holds: the lines of a literal block stand there as they are, only indented."""
    source, span = node.source, node.span
    opening = source.line(span.line)[span.column - 1 :].strip()
    if source.exact and _LITERAL.match(opening):
        rows = ["", *source.lines[span.line : span.end_line]]
        return Text("\n" * (span.line - 1) + "\n".join(rows), source)
    return Text(str(node.value), source, span)


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers, from 1."""
    return enumerate(re.split(r"\r\n|\n|\r", text) if "\r" in text else text.split("\n"), 1)
