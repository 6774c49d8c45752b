"""What asks a workload for its metrics, or is sent them: monitors, annotations, agents, exporters in its pods."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.links.commands import texts
from gatekeeper.links.mesh import injected
from gatekeeper.links.outside import DEPLOYED_BY_OTHERS, INSTALLS, elsewhere
from gatekeeper.links.selectors import compatible, services_of
from gatekeeper.models.kubernetes import Container, Monitor, Object, Service, Workload, builds, written
from gatekeeper.models.kubernetes import texts as pairs
from gatekeeper.models.trial import for_trial
from gatekeeper.node import Node, Unresolved, regex
from gatekeeper.project import Project

_SCRAPED = regex(r"(?:.*[./]|(?!.*\b(?:no|not|dont|never|skip|disable)-).*-)?scrape(?:[_-]metrics)?\Z")
_AGENTS = (
    "ad.datadoghq.com/", "instrumentation.opentelemetry.io/inject-", "sidecar.opentelemetry.io/inject",
    "k8s.grafana.com/metrics", "co.elastic.metrics/", "metrics.dynatrace.com/", "newrelic.com/",
)  # fmt: skip
_SENT = regex(  # where it sends what it measures, or the key to send it with
    r"(?:OTEL_EXPORTER.*|.*OTLP.*|DD_(?:AGENT|TRACE_AGENT|DOGSTATSD).*|NEW_RELIC_LICENSE.*|ELASTIC_APM_SERVER.*|STATSD_.*"
    r"|APPLICATIONINSIGHTS_.*|APPINSIGHTS_.*|HONEYCOMB_.*|(?:OPEN)?TELEMETRY_.*(?:ENDPOINT|ADDR)|COLLECTOR_.*ADDR.*"
    r"|.*PUSHGATEWAY.*)\Z"
)
_TOLD = regex(  # what only says that something in it may send
    r"(?:OTEL_(?:TRACES|METRICS|SERVICE|RESOURCE|SDK).*|DD_.*|NEW_RELIC_.*|ELASTIC_APM_.*|PROMETHEUS_MULTIPROC_DIR)\Z"
)
_STOPPED = (
    regex(r"(?:OTEL_SDK_DISABLED|DISABLE_TELEMETRY|TELEMETRY_DISABLED)\Z"),
    regex(r"(?:NEW_RELIC_(?:AGENT_)?ENABLED|ELASTIC_APM_(?:ENABLED|ACTIVE|RECORDING)|(?:OTEL|TELEMETRY)_ENABLED)\Z"),
)  # when true, when false


def services_asked(monitor: Monitor, project: Project) -> list[Service]:
    """The Services that a monitor of Services selects. Raises `Unresolved`."""
    return [each for each in project.all(Service) if _looks_in(monitor, each) and monitor.selector.matches(each.labels)]


def workloads_asked(monitor: Monitor, project: Project) -> list[Workload]:
    """The workloads whose pods a monitor of pods selects. Raises `Unresolved`."""
    return [
        each for each in project.all(Workload) if _looks_in(monitor, each) and monitor.selector.matches(each.pod_labels)
    ]


def _looks_in(monitor: Monitor, each: Object) -> bool:
    return monitor.namespaces is None or any(compatible(name, each.namespace) for name in monitor.namespaces)


def labelled(each: Object, project: Project) -> bool:
    """Whether a kustomization adds labels to an object, and what it comes to is not known here."""
    if each.variant and each.final:
        return False
    graph = project.tree.once(builds)
    kustomizations = (graph.by_folder[folder].node for folder in graph.including.get(each.path, ()))
    return any(node["commonLabels"].present or node["labels"].present for node in kustomizations)


def watched_by(workload: Workload, project: Project) -> str:
    """What knows how a workload is doing, in words; '' when nothing here does. Raises `Unresolved`."""
    return _of_annotations(workload, project) or _of_monitors(workload, project) or _of_programs(workload, project)


def asked_by(workload: Workload, project: Project) -> str:
    """What asks a workload for its metrics, in words; '' when nothing here does. Raises `Unresolved`."""
    for notes in _notes(workload, project):
        found = next((key for key, value in notes.items() if _SCRAPED.match(key) and value == "true"), "")
        if found:
            return f"the annotation {found}"
    return _of_monitors(workload, project) or discovers(project) or _of_alerts(workload, project)


def _notes(workload: Workload, project: Project) -> list[dict[str, str]]:
    """The annotations of its pods, and those of its Services."""
    of_pods = pairs(workload.template.at("metadata.annotations"))
    return [of_pods, *(each.annotations for each in services_of(workload, project))]


def _of_annotations(workload: Workload, project: Project) -> str:
    for notes in _notes(workload, project):
        for key, value in notes.items():
            if _SCRAPED.match(key) and value == "true":
                return f"the annotation {key}"
            if key.startswith(_AGENTS) and value.lower() not in ("false", "disabled", ""):
                return f"the annotation {key}"
    mesh = injected(workload, project)
    return f"the proxy of a mesh ({mesh})" if mesh else ""


def _of_monitors(workload: Workload, project: Project) -> str:
    return _monitor_of(workload, project, project.once("monitored", _asked).there)


def _monitor_of(workload: Workload, project: Project, found: dict[int, str]) -> str:
    return next((found[id(each)] for each in (workload, *services_of(workload, project)) if id(each) in found), "")


class _Monitored(NamedTuple):
    """The names of monitors by the ids of what they select: where they ask at a port that is there, and where not."""

    there: dict[int, str]
    nowhere: dict[int, str]


def _asked(project: Project) -> _Monitored:
    found = _Monitored({}, {})
    for monitor in project.all(Monitor):
        try:
            chosen = workloads_asked(monitor, project) if monitor.of_pods else services_asked(monitor, project)
        except Unresolved:
            continue
        for each in chosen:
            found[0 if _has_a_port(monitor, each) else 1].setdefault(id(each), monitor.name)
    return found


def _has_a_port(monitor: Monitor, each: Object) -> bool:
    """Whether it is asked at all: one of the ports that the monitor names may be there. Numbers are not looked for."""
    named = [endpoint["port"] for endpoint in monitor.endpoints]
    if not all(port.present and port.known and port.number is None for port in named):
        return True
    if isinstance(each, Service):
        ports = {written(port["name"]) for port in each.ports}
    else:
        ports = {port.name for container in getattr(each, "containers", ()) for port in container.ports}
    return any(port.text in ports for port in named)


def _of_programs(workload: Workload, project: Project) -> str:
    several = len([each for each in workload.containers if each.role != "init"]) > 1
    for container in workload.containers:
        if several and container.image.known and _is_exporter(container):
            return f"the exporter {container.container_name}"
        told = told_by(container, project)
        sent = next((name for name, value in told.items() if value and _SENT.match(name.upper())), "")
        if sent and container.role != "init" and not _stopped(told):
            return f"what it sends ({sent})"
    return _of_alerts(workload, project)


def _is_exporter(container: Container) -> bool:
    return container.image.known and "exporter" in container.image.text.rpartition("/")[2]


def perhaps_watched(workload: Workload, project: Project) -> str:
    """What only may tell how a workload is doing, in words; '' when nothing here does."""
    for container in workload.containers:
        if _is_exporter(container):
            return f"{container.container_name} is called an exporter, and nothing here asks it"
        told = next(
            (name for name in told_by(container, project) if _TOLD.match(name.upper()) or _SENT.match(name.upper())), ""
        )
        if told:
            return f"{told} is set, which does not say that it sends anything"
    monitor = _monitor_of(workload, project, project.once("monitored", _asked).nowhere)
    return f"{monitor} asks it at no port that it has" if monitor else ""


PRINTED = frozenset({"none", "console", "logging", "debug"})  # exporters of OpenTelemetry that send to nobody


def told_by(container: Container, project: Project) -> dict[str, str]:
    """A container's variables: those of ConfigMaps that it takes whole, then its own; '' for what is not set."""
    found = dict(configured(container, project))
    for each in container.env:
        found[each.name] = written(each.value) or ("from elsewhere" if each.value_from.present else "")
    return found


def _stopped(told: dict[str, str]) -> bool:
    """Whether its variables say that nothing is sent, or is only printed."""
    said = {name.upper(): value.strip().lower() for name, value in told.items()}
    if said.get("OTEL_METRICS_EXPORTER", "otlp") in PRINTED and said.get("OTEL_TRACES_EXPORTER", "otlp") in PRINTED:
        return True
    on, off = _STOPPED
    return any(
        (on.match(name) and value in ("true", "1")) or (off.match(name) and value in ("false", "0"))
        for name, value in said.items()
    )


def configured(container: Container, project: Project) -> Iterator[tuple[str, str]]:
    """The variables that a container takes from whole ConfigMaps (`envFrom`)."""
    listed = container.node["envFrom"]
    for source in listed if listed.is_list else ():
        name, prefix = written(source["configMapRef"]["name"]), written(source["prefix"])
        for each in project.by(Object, "object_name").get(name, ()) if name else ():
            if each.kind == "ConfigMap" and compatible(each.namespace, container.workload.namespace):
                yield from ((f"{prefix}{key}", written(value)) for key, value in each.node["data"].items())


def _of_alerts(workload: Workload, project: Project) -> str:
    """A PrometheusRule that names it, or a scrape configuration that names it or its Service."""
    names = {workload.object_name, *(each.object_name for each in services_of(workload, project))} - {""}
    for path, words in project.once("words of monitoring", _words_of_monitoring):
        if not names.isdisjoint(words):
            return path
    return ""


_COMMENT = regex(r"(?:^|[ \t])#[^\n]*", re.MULTILINE)
_WORD = regex(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


def _words_of_monitoring(project: Project) -> list[tuple[str, frozenset[str]]]:
    rules = [each for each in project.all(Object) if each.kind == "PrometheusRule"]
    found = [(rule.name, frozenset(_WORD.findall(" ".join(_expressions(rule))))) for rule in rules]
    for path, text in texts(project, "scrape_configs"):
        if not path.endswith((".md", ".markdown", ".rst", ".adoc", ".txt")) and not for_trial(path):
            configured = text.partition("scrape_configs")[2].partition("\n---")[0]
            found.append((path, frozenset(_WORD.findall(_COMMENT.sub("", configured)))))
    return found


def _expressions(rule: Object) -> Iterator[str]:
    for group in rule.spec["groups"]:
        for each in group["rules"]:
            yield written(each["expr"])


def discovers(project: Project) -> str:
    """A file by which a Prometheus or a collector finds pods or Services by itself; '' when there is none."""

    def make(project: Project) -> str:
        found = texts(project, "kubernetes_sd_configs", "discovery.kubernetes", "receiver_creator")
        return next((path for path, _ in found if not path.endswith((".md", ".markdown", ".rst", ".txt"))), "")

    return project.once("discovers", make)


_MONITORS = ("ServiceMonitor", "PodMonitor", "VMServiceScrape", "VMPodScrape", "PodMonitoring", "PrometheusRule")
_MONITORING = regex(
    r"prometheus|grafana|victoria-?metrics|datadog|newrelic|new-relic|dynatrace|opentelemetry|monitoring|elastic-agent",
    re.IGNORECASE,
)


def from_elsewhere(project: Project) -> str:
    """What installs something that may monitor, and is not seen, in words; '' when nothing here does."""

    def make(project: Project) -> str:
        other = elsewhere(project, *_MONITORS)
        if not other.endswith(("deploys from elsewhere", "installs a chart or a remote manifest")):
            return other
        for each in project.all(Object):
            if each.kind in DEPLOYED_BY_OTHERS and any(_MONITORING.search(text) for text in _scalars(each.spec)):
                return f"{each.name} deploys from elsewhere"
        for path, text in texts(project, *INSTALLS):
            if any(_MONITORING.search(line) for line in _installing(path, text)):
                return f"{path} installs something that may monitor it"
        return ""

    return project.once("monitoring from elsewhere", make)


def _installing(path: str, text: str) -> list[str]:
    """The commands of a file that install something; of Terraform the whole file."""
    if path.endswith(".tf"):
        return [text]
    return [line for line in text.replace("\\\n", " ").splitlines() if any(words in line for words in INSTALLS)]


def _scalars(node: Node) -> Iterator[str]:
    for each in node.walk():
        if not each.is_mapping and not each.is_list:
            yield written(each)
