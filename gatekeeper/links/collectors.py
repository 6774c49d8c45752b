"""Which configurations of collectors belong together: the files of a folder, the texts of a ConfigMap."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from fnmatch import filter as fnfilter
from fnmatch import fnmatchcase
from typing import TypeVar

from gatekeeper.models.telemetry import (
    AlloyConfig,
    Collector,
    Component,
    FluentBitConfig,
    FluentdConfig,
    OtelCollector,
    VectorConfig,
    filled_in,
)
from gatekeeper.node import Node, regex
from gatekeeper.project import Project

C = TypeVar("C", bound=Collector)

# What the chart of the OpenTelemetry Collector has in its own values.
CHART_COMPONENTS = frozenset("otlp jaeger zipkin prometheus batch memory_limiter debug health_check".split())


def together(collector: C, project: Project) -> list[C]:
    """The configurations of the same tool that are loaded with it, as far as their places tell; itself among them."""

    def index(project: Project) -> dict[tuple[type[Collector], str], list[Collector]]:
        table: dict[tuple[type[Collector], str], list[Collector]] = {}
        for each in project.all(Collector):
            table.setdefault((type(each), each.home.group), []).append(each)
        return table

    kind = type(collector)
    found = project.once("collectors together", index).get((kind, collector.home.group), [collector])
    return [each for each in found if isinstance(each, kind)]


def is_part(collector: OtelCollector) -> bool:
    """Whether a configuration cannot stand alone: another file brings its receivers or exporters, or its pipelines."""
    sections = ("receivers", "exporters", "service")
    return not all(collector.node[section].present for section in sections)


def layers(collector: OtelCollector, project: Project) -> list[OtelCollector]:
    """The other files of its folder that may be given to the same collector (`--config` twice)."""
    others = [each for each in together(collector, project) if each is not collector]
    return others if is_part(collector) else [each for each in others if is_part(each)]


def defined(collector: OtelCollector, project: Project, *kinds: str) -> set[str]:
    """The ids of the components of some kinds that it may name."""
    chart = CHART_COMPONENTS if collector.home.merged else ()
    return {id for each in (collector, *layers(collector, project)) for kind in kinds
            for id in each.by_kind.get(kind, ())} | set(chart)  # fmt: skip


def arriving(collector: Collector, project: Project) -> list[Component]:
    """Its outputs that send away, and that its logs reach; all of them where not all that is loaded is seen."""
    remote = collector.remote
    if isinstance(collector, FluentBitConfig):
        known = tags(together(collector, project))
        whole = known is not None and unseen(collector, project) is None and not collector.home.merged
        return [each for each in remote if not whole or _takes(each, known or [])]
    if isinstance(collector, FluentdConfig):
        behind = {id(part) for each, _ in hidden(collector) for part in (each, *each.parts)}
        return [each for each in remote if id(each) not in behind]
    if not remote or not isinstance(collector, (AlloyConfig, VectorConfig)):
        return remote
    configs = [each for each in together(collector, project) if isinstance(each, (AlloyConfig, VectorConfig))]
    reached = set[str]() if collector.home.merged else _reached(configs)
    return [each for each in remote if not reached or each.id in reached]


def _takes(output: Component, known: list[str]) -> bool:
    """Whether an output of Fluent Bit gets what comes with one of the tags. Without `match` a lone one gets all."""
    match = output.get("match")
    return match is None or not match.known or filled_in(match.text) or any(overlap(match.text, tag) for tag in known)


def _reached(configs: list[AlloyConfig | VectorConfig]) -> set[str]:
    """The ids that logs reach from where they are read; none where the way is not all in these components.

    Vector's components name what they take, Alloy's what they give to.
    """
    components = [each for one in configs for each in one.components]
    if any(each.type == "declare" or each.type.startswith("import.") or each.get("graph") for each in components):
        return set()
    ways = _ways(components, isinstance(configs[0], AlloyConfig))
    reached = {each.id for one in configs for each in one.of_logs}
    waiting = list(reached)
    while waiting:
        new = ways.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached


def _ways(components: list[Component], of_alloy: bool) -> dict[str, set[str]]:
    """From each component, by id, to those that get what it yields."""
    ways: dict[str, set[str]] = {}
    ids = [each.id for each in components]
    for each in components:
        for node in each.inputs:
            if of_alloy:  # `loki.write.default.receiver` is of the component `loki.write.default`
                ways.setdefault(each.id, set()).add(node.text.rpartition(".")[0])
            else:
                for origin in _origins(node.text, ids):
                    ways.setdefault(origin, set()).add(each.id)
    return ways


def _origins(name: str, ids: list[str]) -> list[str]:
    """The ids that an input of Vector means: one, whose output it may be (`split.errors`), or all that match."""
    if filled_in(name):
        return ids
    steps = name.split(".")[:10]
    return fnfilter(ids, name) if "*" in name else [".".join(steps[:end]) for end in range(1, len(steps) + 1)]


def hidden(config: FluentdConfig) -> list[tuple[Component, Component]]:
    """The matches and filters of Fluentd behind a match that takes all of theirs, each with that one."""
    found: list[tuple[Component, Component]] = []
    first: dict[tuple[str, str], Component] = {}
    for each in config.components:
        if each.kind not in ("match", "filter") or filled_in(each.id):
            continue
        patterns = each.id.split()
        before = [first.get((each.within, "**")) or first.get((each.within, name)) for name in patterns]
        if before and before[0] is not None and all(before):
            found.append((each, before[0]))
        elif each.kind == "match":
            for name in patterns:
                first.setdefault((each.within, name), each)
    return found


def unseen(collector: FluentBitConfig | FluentdConfig, project: Project) -> Node | None:
    """An include, of it or of one it is loaded with, whose files are not here; None when all are."""
    for each in together(collector, project):
        for include in each.includes:
            if not included(each, include, project):
                return include
    return None


def included(collector: Collector, include: Node, project: Project) -> list[str]:
    """The files that an include means: beside the file, or of that name in the same ConfigMap; '' for one of those."""
    written = include.text.strip("\"'")
    many = any(mark in written for mark in "*?[")
    if filled_in(written) or (many and written[:1] == "/"):
        return []
    if "#" in collector.home.group:
        name = posixpath.basename(written)
        return [""] if _holds_key(collector, name) else []
    folder = posixpath.dirname(collector.path)
    path = posixpath.normpath(posixpath.join(folder, posixpath.basename(written) if written[:1] == "/" else written))
    if not many:
        return [path] if path in project.tree else []
    return [each for each in _beside(folder, path, project) if fnmatchcase(each, path) and each != collector.path]


def _beside(folder: str, pattern: str, project: Project) -> Iterable[str]:
    start = pattern[: min(pattern.find(mark) for mark in "*?[" if mark in pattern)]
    return (path for path in project.tree.paths if path.startswith(start))


def _holds_key(collector: Collector, name: str) -> bool:
    """Whether the file that a ConfigMap stands in has a key of that name."""
    keys = {line.strip().partition(":")[0].strip("\"'") for line in collector.node.source.lines}
    return any(fnmatchcase(key, name) for key in keys) if any(mark in name for mark in "*?[") else name in keys


# tags of Fluent Bit

_ANY_TAG = frozenset("forward http opentelemetry splunk elasticsearch mqtt prometheus_remote_write udp tcp".split())
_LONGEST = 200


def tags(configs: Iterable[FluentBitConfig]) -> list[str] | None:
    """The tags that records come with, `*` for what is only known when it runs; None where any may come."""
    found: list[str] = []
    for config in configs:
        for each in config.components:
            tag = each.get("tag")
            if each.kind == "service" and each.get("streams_file") is not None:
                return None
            if each.kind == "input":
                if each.type in _ANY_TAG or (tag is not None and filled_in(_text(tag))):
                    return None
                found.append(_text(tag) if tag is not None else f"{each.type}.*")
                found.extend([f"{_text(tag)}*"] if tag is not None and "*" in _text(tag) else [])
            elif each.kind == "filter":
                found.extend(_renamed(each.values))
                if tag is not None:
                    found.append(_text(tag))
    return found


def _renamed(values: dict[str, list[Node]]) -> Iterator[str]:
    """The tags that the rules of a `rewrite_tag` filter give: `Rule $key regex TAG keep`."""
    for rule in values.get("rule", ()):
        words = _text(rule).split()
        if len(words) >= 4:
            new = words[-2]
            yield f"{new.partition('$')[0]}*" if "$" in new else new


def _text(node: Node) -> str:
    return _CAPTURED.sub("*", node.text) if node.known else "${}"


_CAPTURED = regex(r"<[\w.-]{1,60}>")  # what `tail` takes from the name of a file


def overlap(one: str, other: str) -> bool:
    """Whether a text exists that two patterns with `*` both match."""
    one, other = one[:_LONGEST], other[:_LONGEST]
    reached = {0}
    for end in range(len(one) + 1):
        grown = set[int]()
        waiting = list(reached)
        while waiting:  # what the other's stars match of nothing
            at = waiting.pop()
            if at not in grown:
                grown.add(at)
                if at < len(other) and (other[at] == "*" or (end < len(one) and one[end] == "*")):
                    waiting.append(at + 1)
        if end == len(one):
            return len(other) in grown
        mark = one[end]
        if mark == "*":
            reached = grown
        else:
            reached = {at + (other[at] != "*") for at in grown if at < len(other) and other[at] in (mark, "*")}
    return False
