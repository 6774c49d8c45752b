"""What a Prometheus server is told: by its own file, also in a ConfigMap, by the operator, by the values of a chart."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from gatekeeper.models import Subject
from gatekeeper.models.prometheus import embedded, seconds
from gatekeeper.node import Node

_AGENTS = frozenset("clients positions server receivers exporters tests".split())


class Server(Subject):
    """The configuration of a Prometheus. `made_by` says who reads it: prometheus, operator, or chart.

    `by_file` where it is a file of its own, which lies beside what it refers to.
    """

    technology = "prometheus"
    example_path = "prometheus/prometheus.yml"

    def __init__(self, node: Node, made_by: str, name: str = "", by_file: bool = False) -> None:
        super().__init__(node)
        self.made_by = made_by
        self.by_file = by_file
        self.given_name = name

    @property
    def name(self) -> str:
        return self.given_name or self.path

    @cached_property
    def scrape_interval(self) -> Node:
        """How often it scrapes, where nothing else is said; missing when nothing is."""
        return self.node.at("global.scrape_interval") if self.made_by == "prometheus" else self.node["scrapeInterval"]

    @cached_property
    def intervals(self) -> list[Node]:
        """Every interval that is written: its own, and those of its jobs."""
        jobs = self.node["scrape_configs"] if self.made_by == "prometheus" else self.node["additionalScrapeConfigs"]
        found = [job["scrape_interval"] for job in jobs if job.is_mapping] if jobs.is_list else []
        return [each for each in (self.scrape_interval, *found) if each.present]

    @cached_property
    def external_labels(self) -> dict[str, Node]:
        own = self.made_by == "prometheus"
        labels = self.node.at("global.external_labels") if own else self.node["externalLabels"]
        return dict(labels.items()) if labels.known and labels.is_mapping else {}

    @cached_property
    def rule_files(self) -> list[Node]:
        """The patterns of the files that it loads rules from."""
        files = self.node["rule_files"]
        return [each for each in files if each.known] if files.is_list else []

    @cached_property
    def shortest(self) -> float | None:
        """The shortest interval that is written, in seconds."""
        return min((found for found in map(seconds, self.intervals) if found), default=None)


def servers(document: Node) -> Iterator[Server]:
    """The servers that an object or a document configures."""
    kind = _text(document, "kind")
    if kind == "Prometheus" and document["spec"].is_mapping:
        yield Server(document["spec"], "operator", f"Prometheus/{_text(document['metadata'], 'name')}")
    elif kind == "ConfigMap" and document["data"].is_mapping:
        for pair in document["data"].items():
            data = pair[1]
            if data.known and isinstance(data.value, str) and "scrape_configs:" in data.value:
                for inner in embedded(data).nodes:
                    yield from _files(inner, embedded_in=True)
    elif kind == "List" and document["items"].is_list:
        for item in document["items"]:
            yield from servers(item)
    else:
        yield from _files(document)


def _files(document: Node, embedded_in: bool = False) -> Iterator[Server]:
    for node in document.walk():
        if not node.is_mapping:
            continue
        if node["scrape_configs"].is_list and _is_servers(node):
            yield Server(node, "prometheus", by_file=node is document and not embedded_in)
        elif node["prometheusSpec"].is_mapping:
            yield Server(node["prometheusSpec"], "chart", f"prometheusSpec in {document.source.path}")


def _is_servers(node: Node) -> bool:
    """Whether it is not an agent's, which asks in the same words but has neither rules nor alerts."""
    return not any(key in node for key in _AGENTS) and any(key in node for key in ("rule_files", "alerting", "global"))


def _text(node: Node, key: str) -> str:
    return node[key].text if node.is_mapping and node[key].known else ""
