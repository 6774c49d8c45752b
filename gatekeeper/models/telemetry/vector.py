"""Vector: sources, transforms and sinks that name their inputs, in YAML, JSON or TOML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gatekeeper.models.embedded import Text, lines_of
from gatekeeper.models.telemetry.collector import Collector, Component, Home, items, values_of
from gatekeeper.node import Fault, Node, regex

SECTIONS = {"sources": "source", "transforms": "transform", "sinks": "sink"}
TOML = regex(r"^[ \t]{0,40}\[(?:sources|transforms|sinks)\.", re.MULTILINE)
_HEADER = regex(r"[ \t]{0,40}\[{1,2}([^\]\n]{1,300})\]{1,2}[ \t]{0,40}(?:#.*)?\Z")
_KEY = regex(r"[ \t]{0,40}([A-Za-z0-9_-]{1,100}|\"[^\"\n]{1,100}\")[ \t]{0,40}=")
_ERROR_LINE = regex(r"at line (\d{1,7})")


_OTHERS = ("_metrics", "statsd", "prometheus_scrape", "internal_logs", "demo_logs")


class VectorConfig(Collector):
    """A configuration of Vector, or one of several files that are loaded together."""

    technology = "telemetry"
    example_path = "vector/vector.yaml"
    tool = "Vector"
    takes = frozenset({"source"})
    sends = frozenset({"sink"})
    local = frozenset({"blackhole", "console", "file"})

    @property
    def logs(self) -> bool:
        return bool(self.of_logs)

    @property
    def of_logs(self) -> list[Component]:
        """Its sources of logs: not of metrics, nor of its own lines and made-up ones."""
        return [each for each in self.sources if not each.type.endswith(_OTHERS)]

    @property
    def remote(self) -> list[Component]:
        return [each for each in super().remote if not each.type.startswith(("prometheus_", "statsd"))]


def of_mapping(node: Node, home: Home) -> Iterator[Collector]:
    """The configuration that a mapping holds: at least a part of a kind that has a type."""
    sections = [name for name in SECTIONS if node[name].is_mapping]
    if "sinks" not in sections and len(sections) < 2:
        return
    found = list(_components(node))
    if found:
        yield VectorConfig(node, found, home)


def _components(node: Node) -> Iterator[Component]:
    for section, kind in SECTIONS.items():
        for key, value in node[section].items() if node[section].is_mapping else ():
            kind_of = value["type"]
            if value.is_mapping and kind_of.known and kind_of.present:
                at = Node(key, value.source, value.key or value.span)
                yield Component(kind, key, kind_of.text, at, values_of(value), tuple(items(value["inputs"])))


def of_text(text: Text, home: Home) -> Iterator[Collector | Fault]:
    """The configuration of a TOML file."""
    import tomllib  # most files of this model are in YAML

    try:
        read = tomllib.loads(text.text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        found = _ERROR_LINE.search(str(error))
        yield text.fault(int(found[1]) if found else 1, f"not valid TOML: {error}", "telemetry")
        return
    lines = _places(text)
    try:
        node = _noded(read, (), text, lines)
    except RecursionError:
        yield text.fault(1, "nests too deep", "telemetry")
        return
    yield from of_mapping(node, home)


Places = dict[tuple[str, ...], tuple[int, int, int]]


def _places(text: Text) -> Places:
    """Where each table and key is written: its line, and where its name begins and ends."""
    found: Places = {}
    table: tuple[str, ...] = ()
    for number, line in lines_of(text.text):
        header = _HEADER.match(line)
        key = None if header else _KEY.match(line)
        if header:
            table = tuple(part.strip(' "') for part in header[1].split("."))
            begin = len(line) - len(line.lstrip()) + 1
            for end in range(1, len(table) + 1):
                found.setdefault(table[:end], (number, begin, len(line.rstrip()) + 1))
        elif key:
            begin = line.index(key[1]) + 1
            found.setdefault((*table, key[1].strip('"')), (number, begin, begin + len(key[1])))
    return found


def _noded(value: Any, path: tuple[str, ...], text: Text, places: Places) -> Node:
    line, begin, end = places.get(path) or _nearest(path, places)
    inner: Any = value
    if isinstance(value, dict):
        inner = {key: _noded(each, (*path, key), text, places) for key, each in value.items()}
    elif isinstance(value, list):
        inner = [_item(each, path, text, places) for each in value]
    elif not isinstance(value, (str, int, float, bool)):
        inner = str(value)
    made = text.node(inner, line, begin, end)
    made.key = made.span
    return made


def _item(value: Any, path: tuple[str, ...], text: Text, places: Places) -> Node:
    """An item of a list: a text where it stands in the lines behind its key."""
    made = _noded(value, path, text, places)
    if not isinstance(value, str) or text.fixed:
        return made
    for number in range(made.span.line, made.span.line + 20):
        for quote in "\"'":
            at = text.source.line(number).find(f"{quote}{value}{quote}")
            if at >= 0:
                return text.node(value, number, at + 1, at + len(value) + 3)
    return made


def _nearest(path: tuple[str, ...], places: Places) -> tuple[int, int, int]:
    while path:
        path = path[:-1]
        if path in places:
            return places[path]
    return 1, 1, 1
