"""The OpenTelemetry Collector: components by kind, and the pipelines of `service` that name them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from gatekeeper.models.telemetry.collector import Collector, Component, Home, items, values_of
from gatekeeper.node import Node, regex

SECTIONS = {
    "receivers": "receiver",
    "processors": "processor",
    "exporters": "exporter",
    "connectors": "connector",
    "extensions": "extension",
}
PRINTS = frozenset({"debug", "logging", "nop"})
_PIPELINE = regex(r"(?:traces|metrics|logs|profiles)(?:/.{1,200})?\Z")


class Pipeline(NamedTuple):
    """One pipeline: its name, and what it names of each section, in order."""

    id: str
    at: Node
    receivers: list[Node]
    processors: list[Node]
    exporters: list[Node]

    @property
    def signal(self) -> str:
        return self.id.partition("/")[0]


class OtelCollector(Collector):
    """The configuration of an OpenTelemetry Collector."""

    technology = "telemetry"
    example_path = "otel/collector.yaml"
    tool = "OpenTelemetry Collector"
    takes = frozenset({"receiver"})
    sends = frozenset({"exporter"})
    local = PRINTS | {"file"}

    @cached_property
    def pipelines(self) -> list[Pipeline]:
        return [
            Pipeline(key, Node(key, node.source, node.key or node.span), *(items(node[part]) for part in _PARTS))
            for key, node in self.node["service"]["pipelines"].items()
            if (node.is_mapping or not node.present) and _PIPELINE.match(key)
        ]

    @cached_property
    def open(self) -> frozenset[str]:
        """The kinds of which not all are written here: a section is taken from another file."""
        return frozenset(
            kind
            for section, kind in SECTIONS.items()
            if self.node[section].present and not self.node[section].is_mapping
        )

    @property
    def extensions(self) -> list[Node]:
        """The extensions that are switched on."""
        return items(self.node["service"]["extensions"])

    @property
    def logs(self) -> bool:
        return any(each.signal == "logs" for each in self.pipelines)

    @property
    def remote(self) -> list[Component]:
        """The exporters that its pipelines of logs name, and that send to somebody."""
        named = {node.text for each in self.pipelines if each.signal == "logs" for node in each.exporters}
        return [each for each in self.outputs if each.id in named and each.type not in self.local]

    @property
    def sources(self) -> list[Component]:
        named = {node.text for each in self.pipelines if each.signal == "logs" for node in each.receivers}
        return [each for each in self.components if each.kind == "receiver" and each.id in named]


_PARTS = ("receivers", "processors", "exporters")


def of_mapping(node: Node, home: Home) -> Iterator[Collector]:
    """The collector that a mapping configures, by its shape."""
    pipelines = node["service"]["pipelines"]
    whole = pipelines.is_mapping and any(_PIPELINE.match(key) for key, _ in pipelines.items())
    sections = [name for name in ("receivers", "processors", "exporters", "connectors") if node[name].is_mapping]
    if whole or (len(sections) > 1 and "service" not in node):
        yield OtelCollector(node, list(_components(node)), home)


def _components(node: Node) -> Iterator[Component]:
    for section, kind in SECTIONS.items():
        for key, value in node[section].items() if node[section].is_mapping else ():
            at = Node(key, value.source, value.key or value.span)
            yield Component(kind, key.strip(), key.partition("/")[0].strip(), at, values_of(value))
