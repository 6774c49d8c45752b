"""Grafana Alloy: components that name each other's exports, `forward_to = [loki.write.default.receiver]`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.models.embedded import Text
from gatekeeper.models.telemetry.collector import Collector, Component, Home
from gatekeeper.node import Fault, Node, Source, Span, regex

SIGNATURE = regex(
    r'^[ \t]{0,40}(?:loki|otelcol|prometheus|discovery|local|remote|mimir|pyroscope)\.[a-z_.]{1,80}[ \t]{1,20}"'
    r'[^"\n]{0,200}"[ \t]{0,20}\{', re.MULTILINE
)  # fmt: skip
NAMESPACES = frozenset("loki otelcol prometheus discovery local remote mimir pyroscope faro beyla".split())
_TOKEN = regex(
    r"[ \t\r]+|//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)|(?P<newline>\n)"
    r'|(?P<string>"[^"\\\n]*(?:\\.[^"\\\n]*)*"?|`[^`]*`?)'
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)"
    r"|(?P<mark>[{}\[\](),=])|."
)
_DEEPEST = 200


class AlloyConfig(Collector):
    """A configuration of Grafana Alloy; the files of a folder are loaded together."""

    technology = "telemetry"
    example_path = "alloy/config.alloy"
    tool = "Grafana Alloy"
    takes = frozenset({"loki.source", "otelcol.receiver", "prometheus.scrape"})
    sends = frozenset({"loki.write", "loki.echo", "otelcol.exporter", "prometheus.remote_write"})
    local = frozenset({"loki.echo", "otelcol.exporter.debug", "otelcol.exporter.logging", "otelcol.exporter.file"})

    @property
    def logs(self) -> bool:
        return bool(self.of_logs)

    @property
    def of_logs(self) -> list[Component]:
        """Its components that read logs."""
        return [each for each in self.components if each.type.startswith("loki.source")]

    @property
    def remote(self) -> list[Component]:
        if self.logs:
            return [each for each in super().remote if each.kind != "prometheus.remote_write"]
        return super().remote


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


def _tokens(text: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(text):
        if found.lastgroup:
            yield _Token(found.lastgroup, found[0], found.start())


def of_text(text: Text, home: Home) -> Iterator[Collector | Fault]:
    """The components of a file, each with all that it names. Reads on behind what it does not understand."""
    places = Source(text.source.path, text.text)

    def node(value: str, start: int, end: int) -> Node:
        return Node(value, text.source, text.fixed or places.span(start, end))

    components: list[Component] = []
    reader = _Reader(list(_tokens(text.text)))
    for name, label, start, end, words, values in reader.blocks():
        found = {key: [node(value, at, at + 1)] for key, (value, at) in values.items()}
        inputs = tuple(node(word.text, word.start, word.start + len(word.text)) for word in words)
        kind = ".".join(name.split(".")[:2])
        components.append(
            Component(kind, f"{name}.{label}" if label else name, name, node(name, start, end), found, inputs)
        )
    if reader.open:
        at = places.span(reader.open - 1, reader.open)
        yield Fault(text.source, text.fixed or at, "a block is never closed", "unreadable", "telemetry")
    elif components:
        yield AlloyConfig(Node(None, text.source, text.fixed or Span(1, 1, 1, 1)), components, home)


_Block = tuple[str, str, int, int, list[_Token], dict[str, tuple[str, int]]]


class _Reader:
    """The blocks at the top of a file. Those inside belong to them: only what they name matters."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.open = 0  # where a block begins that is not closed, from 1

    def blocks(self) -> Iterator[_Block]:
        tokens = self.tokens
        while self.at < len(tokens):
            token = tokens[self.at]
            self.at += 1
            if token.kind != "word":
                continue
            label = ""
            follows = tokens[self.at] if self.at < len(tokens) else token
            end = follows.start + len(follows.text)
            if follows.kind == "string":
                label = follows.text[1:-1]
                self.at += 1
                follows = tokens[self.at] if self.at < len(tokens) else token
            if follows.text == "{":
                words, values = self.body()
                yield token.text, label, token.start, end if label else token.start + len(token.text), words, values
            elif follows.text == "=":
                self.skip()

    def skip(self) -> None:
        """Past an attribute of the file: to the end of its line, brackets included."""
        depth = 0
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token.kind == "newline" and depth <= 0:
                return
            depth += (token.text in "{[(") - (token.text in "}])") if token.kind == "mark" else 0

    def body(self) -> tuple[list[_Token], dict[str, tuple[str, int]]]:
        """What a block names, and its attributes: the first text or reference of each, or that it is an empty list."""
        begin = self.tokens[self.at].start
        words: list[_Token] = []
        values: dict[str, tuple[str, int]] = {}
        depth, key = 0, ""
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token.kind == "mark":
                depth += (token.text in "{[(") - (token.text in "}])")
                if depth == 0:
                    return words, values
                if token.text == "=":
                    before = self.tokens[self.at - 2]
                    key = before.text if before.kind == "word" else ""
                    if depth == 1 and self._texts(2) == "[]":
                        values[key] = ("[]", before.start)
            elif token.kind == "word" and "." in token.text and self._texts(1) not in ("(", "{"):
                words.append(token)
                if key:
                    values.setdefault(key, (token.text, token.start))
            elif token.kind == "string" and key:
                values.setdefault(key, (token.text[1:-1], token.start))
        self.open = begin + 1
        return words, values

    def _texts(self, number: int) -> str:
        found: list[str] = []
        for token in self.tokens[self.at : self.at + 20]:
            if token.kind != "newline":
                found.append(token.text)
            if len(found) == number:
                break
        return "".join(found)
