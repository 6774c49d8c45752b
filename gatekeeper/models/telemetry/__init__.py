"""Collectors and shippers of logs, metrics and traces, wherever their configuration is written.

A file of its own, a ConfigMap, an OpenTelemetryCollector, the values of a chart: the same thing under another roof. So
a configuration is found by its shape, and where it stands says whether others add to it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from gatekeeper.discover import Tree
from gatekeeper.models import Subject
from gatekeeper.models.embedded import Text, inside
from gatekeeper.models.telemetry import alloy, fluentbit, fluentd, loki, otel, shippers, vector
from gatekeeper.models.telemetry.alloy import AlloyConfig
from gatekeeper.models.telemetry.collector import Collector, Component, Home, filled_in
from gatekeeper.models.telemetry.fluentbit import FluentBitConfig
from gatekeeper.models.telemetry.fluentd import FluentdConfig
from gatekeeper.models.telemetry.loki import LokiConfig
from gatekeeper.models.telemetry.otel import OtelCollector, Pipeline
from gatekeeper.models.telemetry.shippers import BeatsConfig, LogstashConfig, PromtailConfig
from gatekeeper.models.telemetry.vector import VectorConfig
from gatekeeper.node import Fault, Node, Source, regex
from gatekeeper.parsers import yaml

__all__ = [
    "AlloyConfig",
    "BeatsConfig",
    "Collector",
    "Component",
    "FluentBitConfig",
    "FluentdConfig",
    "LogstashConfig",
    "LokiConfig",
    "OtelCollector",
    "Pipeline",
    "PromtailConfig",
    "VectorConfig",
    "filled_in",
    "of_node",
    "read",
]

_MAPPINGS = (otel.of_mapping, vector.of_mapping, fluentbit.of_mapping, shippers.promtail_of, shippers.beats_of,
             loki.of_mapping)  # fmt: skip
_EMBEDDED_YAML = regex(
    r"^[ ]{0,40}(?:service|sinks|sources|clients|scrape_configs|limits_config|pipeline|filebeat[\w.]{0,40}"
    r"|output\.[a-z]{1,40}|receivers|exporters)[ ]?:", re.MULTILINE
)  # fmt: skip
_HELM = regex(r"\{\{-|\{\{[ \t]{0,8}(?:\.Values|\.Release|\.Chart|include|template|toYaml|tpl|if|range|with|end)\b")
_LOOKS_ALIKE = regex(
    r"^[ \t]{0,40}(?:kind:[ \t]{1,8}OpenTelemetryCollector|\[(?:INPUT|OUTPUT)\]|<(?:source|match [^>\n]{1,200})>"
    r"|scrape_configs:|limits_config:|filebeat\.(?:inputs|autodiscover):|sinks:)[ \t\r]*$", re.MULTILINE
)  # fmt: skip
_SERVICE = regex(
    r"^[ ]{0,40}pipelines:[ ]*\n(?:[ ]*#[^\n]*\n){0,20}[ ]{1,60}(?:traces|metrics|logs)[/\w-]{0,60}:", re.MULTILINE
)
_VALUES = "the values of a chart, which adds its own"
_PIECE = "a piece of the configuration that something else puts together"


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The collectors that a file configures, and a fault where one of them cannot be read."""
    name = posixpath.basename(source.path)
    if _unrendered(source, tree):
        words = "a collector in a template that is not rendered cannot be judged"
        yield Fault(source, source.line_span(1), words, "template-unrendered", "telemetry", "audit what it renders to")
    elif name.lower().endswith((".yaml", ".yml")):
        yield from _of_yaml(source)
    else:
        yield from _of_text(Text(source.text, source), name, Home(posixpath.dirname(source.path)))


def of_node(node: Node) -> Iterator[Subject | Fault]:
    """The collectors of an object that was made of something else than a file."""
    yield from _of_document(node)


def _unrendered(source: Source, tree: Tree) -> bool:
    if "{{" not in source.text or not _HELM.search(source.text) or "CustomResourceDefinition" in source.text:
        return False
    from gatekeeper.models.kubernetes.templates import of_helm

    if not of_helm(source.path, tree) and not source.once(yaml.parse).faults:
        return False
    return _LOOKS_ALIKE.search(source.text) is not None or _SERVICE.search(source.text) is not None


def _of_yaml(source: Source) -> Iterator[Subject | Fault]:
    documents = source.once(yaml.parse)
    for node in documents.nodes:
        yield from _of_document(node)
    if documents.faults and (_LOOKS_ALIKE.search(source.text) or _SERVICE.search(source.text)):
        yield from (fault._replace(technology="telemetry") for fault in documents.faults)


_DEEPEST = 12  # levels below which nobody writes a configuration


def _of_document(root: Node) -> Iterator[Subject | Fault]:
    """The configurations that a document holds: itself, objects inside it, and texts."""
    kind = root["kind"].text if root.is_mapping and root["kind"].known else ""
    if kind == "CustomResourceDefinition":
        return
    waiting: list[tuple[Node, str, int]] = [(root, "", 0)]
    seen: set[int] = set()
    while waiting:
        node, key, depth = waiting.pop()
        if id(node) in seen or depth > _DEEPEST:
            continue
        seen.add(id(node))
        if node.is_mapping:
            found = [each for of_mapping in _MAPPINGS for each in of_mapping(node, _home(root, kind, node, key))]
            yield from found
            if not found or node is root:
                children = [(child, name, depth + 1) for name, child in node._value.items()]
                waiting.extend(reversed(children))
        elif node.is_list:
            waiting.extend((child, key, depth + 1) for child in reversed(list(node)))
        elif node.known and isinstance(node.value, str) and "\n" in node.value and len(node.value) > 20:
            yield from _of_embedded(node, key, _home(root, kind, node, ""))


def _home(root: Node, kind: str, node: Node, key: str) -> Home:
    """Where a configuration stands, by the document around it."""
    path = root.source.path
    if not kind or not root["apiVersion"].present:
        whole = node is root and not _is_values(path)
        return Home(posixpath.dirname(path)) if whole else Home(f"{path}#{key}", _VALUES)
    name = root["metadata"]["name"]
    group = f"{path}#{kind}/{name.text if name.known else ''}"
    if kind in ("ConfigMap", "Secret", "OpenTelemetryCollector", "Instrumentation", "Alloy"):
        return Home(group)
    return Home(group, _VALUES if kind in ("HelmRelease", "Application", "HelmChart", "HelmChartConfig") else _PIECE)


def _is_values(path: str) -> bool:
    return "values" in posixpath.basename(path).lower()


def _of_embedded(node: Node, key: str, home: Home) -> Iterator[Subject | Fault]:
    """The configuration that a text holds, whatever its syntax."""
    value = node.value
    if _HELM.search(value):
        return  # a chart fills it in, and says so where it is a template
    if any(pattern.search(value) for pattern in (fluentbit.CLASSIC, fluentd.SIGNATURE, alloy.SIGNATURE, vector.TOML)):
        yield from _of_text(inside(node), key, home)
    elif _EMBEDDED_YAML.search(value):
        text = inside(node)
        documents = text.documents()
        for root in documents.nodes:
            if root.is_mapping:
                for of_mapping in _MAPPINGS:
                    yield from of_mapping(root, home)


def _of_text(text: Text, name: str, home: Home) -> Iterator[Subject | Fault]:
    """The configuration that a text in a syntax of its own holds."""
    if alloy.SIGNATURE.search(text.text):
        yield from alloy.of_text(text, home)
    elif fluentd.SIGNATURE.search(text.text):
        yield from fluentd.of_text(text, home)
    elif fluentbit.CLASSIC.search(text.text):
        yield from fluentbit.of_text(text, home)
    elif vector.TOML.search(text.text):
        yield from vector.of_text(text, home)
    elif "logstash" in f"{text.source.path}{name}".lower() and shippers.LOGSTASH.search(text.text):
        yield from shippers.logstash_of(text, home)
