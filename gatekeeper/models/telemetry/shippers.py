"""Promtail, Beats and Logstash: what only reads logs and sends them on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.models.embedded import Text
from gatekeeper.models.telemetry.collector import Collector, Component, Home, values_of
from gatekeeper.node import Fault, Node, regex

LOGSTASH = regex(r"^[ \t]{0,40}(?:input|output)[ \t]{0,20}\{", re.MULTILINE)
_PLUGIN = regex(r"^[ \t]{1,40}([a-z_]{1,40})[ \t]{0,20}\{")
_BEATS = ("filebeat", "metricbeat", "auditbeat", "heartbeat", "packetbeat", "journalbeat", "winlogbeat")


class PromtailConfig(Collector):
    """A configuration of Promtail."""

    technology = "telemetry"
    example_path = "promtail/promtail.yaml"
    tool = "Promtail"
    takes = frozenset({"scrape"})
    sends = frozenset({"client"})


class BeatsConfig(Collector):
    """A configuration of Filebeat, Metricbeat or another of the Beats."""

    technology = "telemetry"
    example_path = "filebeat/filebeat.yml"
    tool = "Beats"
    takes = frozenset({"input"})
    sends = frozenset({"output"})
    local = frozenset({"console", "file", "discard"})

    @property
    def logs(self) -> bool:
        beats = ("filebeat", "journalbeat", "winlogbeat")
        return bool(self.sources) and any(key.partition(".")[0] in beats for key in self.node.value)


class LogstashConfig(Collector):
    """A pipeline of Logstash."""

    technology = "telemetry"
    example_path = "logstash/pipeline.conf"
    tool = "Logstash"
    takes = frozenset({"input"})
    sends = frozenset({"output"})
    local = frozenset({"stdout", "null", "file", "sink"})


def promtail_of(node: Node, home: Home) -> Iterator[Collector]:
    """A mapping with `clients` (or `client`) and `scrape_configs`, as Promtail has them."""
    scrapes = node["scrape_configs"]
    clients = node["clients"] if node["clients"].present else node["client"]
    if not scrapes.is_list or not (clients.present or node["positions"].is_mapping):
        return
    listed = list(clients) if clients.is_list else [clients] if clients.is_mapping else []
    components = [Component("client", "", "loki", each, values_of(each)) for each in listed if each.is_mapping]
    for each in scrapes:
        if each.is_mapping:
            name = each["job_name"]
            at = name if name.present else each
            components.append(Component("scrape", _text(name), "scrape", at, values_of(each)))
    yield PromtailConfig(node, components, home)


def beats_of(node: Node, home: Home) -> Iterator[Collector]:
    """A mapping with the keys of a beat (`filebeat.inputs`, or `filebeat` with `inputs` in it) and its outputs."""
    tops = {key.partition(".")[0] for key, _ in node.items()}
    beat = next((each for each in _BEATS if each in tops), "")
    settings = any(key.startswith(f"{beat}.") for key, _ in node.items()) or node[beat].is_mapping
    if not beat or not settings or not (_held(node, beat) or tops & {"output", "processors", "setup"}):
        return
    components = [
        Component("input", f"{beat}.{name}", name, value, {})
        for name, value in _below(node, beat)
        if value.present and not _all_off(value)
    ]
    seen = set[str]()
    for name, value in _below(node, "output"):
        kind, _, rest = name.partition(".")
        enabled = value if rest == "enabled" else value["enabled"] if value.is_mapping else None
        off = enabled is not None and enabled.known and enabled.text.lower() == "false"
        if off:
            seen.add(kind)
            components = [each for each in components if (each.kind, each.id) != ("output", kind)]
        elif kind not in seen:
            seen.add(kind)
            at = Node(kind, value.source, value.key or value.span)
            components.append(Component("output", kind, kind, at, values_of(value)))
    yield BeatsConfig(node, components, home)


def _all_off(listed: Node) -> bool:
    """Whether every input of a list is switched off, as the example of its package has them."""
    off = [each["enabled"] for each in listed if each.is_mapping] if listed.is_list else []
    return bool(off) and all(each.known and each.text.lower() == "false" for each in off)


def _held(node: Node, beat: str) -> bool:
    names = {name.partition(".")[0] for name, _ in _below(node, beat)}
    return bool(names & {"inputs", "modules", "autodiscover", "config", "prospectors", "monitors"})


def _below(node: Node, top: str) -> Iterator[tuple[str, Node]]:
    """What stands below a name, written with dots or as a mapping."""
    for key, value in node.items():
        if key.startswith(f"{top}."):
            yield key[len(top) + 1 :], value
        elif key == top and value.is_mapping:
            yield from value.items()


def logstash_of(text: Text, home: Home) -> Iterator[Collector | Fault]:
    """The plugins of a pipeline's inputs and outputs, by their places: nothing more is read of it."""
    components: list[Component] = []
    section, depth = "", 0
    for number, line in enumerate(text.text.split("\n"), 1):
        words = line.strip()
        if words.startswith("#"):
            continue
        plugin = _PLUGIN.match(line)
        if depth == 0 and words.partition("{")[0].strip() in ("input", "filter", "output"):
            section = words.partition("{")[0].strip()
        elif plugin and section in ("input", "output") and plugin[1] not in ("if", "else"):
            components.append(Component(section, plugin[1], plugin[1], text.node_of_line(plugin[1], number), {}))
        depth = max(0, depth + line.count("{") - line.count("}"))
    if components:
        yield LogstashConfig(text.node_of_line(None, 1), components, home)


def _text(node: Node) -> str:
    return node.text if node.known else ""
