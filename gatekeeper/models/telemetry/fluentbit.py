"""Fluent Bit: sections of its classic format, or of YAML. Records find their way by tags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from gatekeeper.models.embedded import Text, lines_of
from gatekeeper.models.telemetry.collector import Collector, Component, Home, values_of
from gatekeeper.node import Fault, Node, regex

CLASSIC = regex(
    r"^[ \t]{0,40}\[(?:SERVICE|INPUT|FILTER|OUTPUT|PARSER|MULTILINE_PARSER)\][ \t\r]*$", re.MULTILINE | re.IGNORECASE
)
_SECTION = regex(r"\[([A-Za-z_]{1,40})\]\Z")
_LINE = regex(r"([^\s]{1,200})(?:[ \t]+(.*))?\Z")


class FluentBitConfig(Collector):
    """A configuration of Fluent Bit, or a file that another includes."""

    technology = "telemetry"
    example_path = "fluent-bit/fluent-bit.conf"
    tool = "Fluent Bit"
    takes = frozenset({"input"})
    sends = frozenset({"output"})
    local = frozenset({"stdout", "null", "file", "counter", "exit", "flowcounter"})

    def __init__(self, node: Node, components: list[Component], home: Home, includes: list[Node]) -> None:
        super().__init__(node, components, home)
        self.includes = includes

    @property
    def logs(self) -> bool:
        return any(each.type not in _METRICS for each in self.sources)

    @cached_property
    def parsers(self) -> frozenset[str]:
        """The names of the parsers that it defines."""
        return frozenset(each.id for each in self.components if each.kind in ("parser", "multiline_parser"))

    @cached_property
    def parser_files(self) -> list[Node]:
        """The files of parsers that its service names."""
        service = [each for each in self.components if each.kind == "service"]
        return [
            node for each in service for key in ("parsers_file", "plugins_parsers_file") if key in each.values
            for node in each.values[key]
        ]  # fmt: skip


_METRICS = frozenset({"cpu", "mem", "disk", "netif", "node_exporter_metrics", "fluentbit_metrics", "prometheus_scrape"})


def of_text(text: Text, home: Home) -> Iterator[Collector | Fault]:
    """The sections of the classic format."""
    components: list[Component] = []
    includes: list[Node] = []
    kind = ""
    at: Node | None = None
    values: dict[str, list[Node]] = {}
    for number, raw in lines_of(text.text):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        opened = _SECTION.match(line)
        found = None if opened else _LINE.match(line)
        begin = len(raw) - len(raw.lstrip()) + 1
        if opened:
            if at is not None:
                components.append(_component(kind, at, values))
            kind, values = opened[1].lower(), {}
            at = text.node(opened[1], number, begin, begin + len(line))
        elif found and found[1].lower() == "@include":
            includes.append(text.node((found[2] or "").strip(), number, begin, begin + len(line)))
        elif found and not line.startswith("@"):
            value = (found[2] or "").strip()
            end = begin + len(line)
            node = text.node(value, number, end - len(value) if value else begin, end)
            values.setdefault(found[1].lower(), []).append(node)
    if at is not None:
        components.append(_component(kind, at, values))
    if components or includes:
        yield FluentBitConfig(text.node_of_line(None, 1), components, home, includes)


def _component(kind: str, at: Node, values: dict[str, list[Node]]) -> Component:
    name = values["name"][-1] if "name" in values else None
    written = str(name.value).strip() if name is not None and name.known else ""
    own = kind in ("parser", "multiline_parser")
    return Component(kind, written, "" if own else written.lower(), name if name is not None else at, values)


def of_mapping(node: Node, home: Home) -> Iterator[Collector]:
    """The configuration in YAML: a `pipeline` of inputs, filters and outputs."""
    pipeline = node["pipeline"]
    if not (pipeline["inputs"].is_list or pipeline["outputs"].is_list):
        return
    components: list[Component] = []
    if node["service"].is_mapping:
        components.append(Component("service", "", "", node["service"], values_of(node["service"])))
    lists = (*((pipeline[f"{kind}s"], kind) for kind in ("input", "filter", "output")),
             (node["parsers"], "parser"), (node["multiline_parsers"], "multiline_parser"))  # fmt: skip
    for listed, kind in lists:
        for each in listed if listed.is_list else ():
            if each.is_mapping:
                values = {key: _texts(held) for key, [held] in values_of(each).items()}
                components.append(_component(kind, each, values))
    includes = [each for each in node["includes"] if each.known] if node["includes"].is_list else []
    yield FluentBitConfig(node, components, home, includes)


def _texts(node: Node) -> list[Node]:
    return [each for each in node if each.known] if node.is_list else [node]
