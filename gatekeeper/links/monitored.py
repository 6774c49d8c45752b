"""What asks a workload for its metrics, or is sent them: monitors, annotations, agents, exporters in its pods."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.links.commands import texts
from gatekeeper.links.mesh import injected
from gatekeeper.links.outside import DEPLOYED_BY_OTHERS, INSTALLS, elsewhere
from gatekeeper.links.selectors import compatible, services_of
from gatekeeper.models.kubernetes import Monitor, Object, Service, Workload, builds, written
from gatekeeper.models.kubernetes import texts as pairs
from gatekeeper.node import Node, Unresolved, regex
from gatekeeper.project import Project

_SCRAPED = regex(r"(?:.*[./-])?scrape(?:[_-]metrics)?\Z")
_AGENTS = (
    "ad.datadoghq.com/", "instrumentation.opentelemetry.io/inject-", "sidecar.opentelemetry.io/inject",
    "k8s.grafana.com/metrics", "co.elastic.metrics/", "metrics.dynatrace.com/", "newrelic.com/",
)  # fmt: skip
_SENT = regex(
    r"(?:OTEL_(?:EXPORTER|TRACES|METRICS|SERVICE).*|.*OTLP.*|DD_(?:AGENT|TRACE|SERVICE|ENV|DOGSTATSD).*|NEW_RELIC_.*"
    r"|ELASTIC_APM_.*|STATSD_.*|APPLICATIONINSIGHTS_.*|APPINSIGHTS_.*|PROMETHEUS_MULTIPROC_DIR|HONEYCOMB_.*"
    r"|(?:OPEN)?TELEMETRY_.*(?:ENDPOINT|ADDR)|COLLECTOR_.*ADDR.*|.*PUSHGATEWAY.*)\Z"
)


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


def _of_annotations(workload: Workload, project: Project) -> str:
    of_pods = pairs(workload.template.at("metadata.annotations"))
    for notes in (of_pods, *(each.annotations for each in services_of(workload, project))):
        for key, value in notes.items():
            if _SCRAPED.match(key) and value == "true":
                return f"the annotation {key}"
            if key.startswith(_AGENTS) and value not in ("false", "disabled"):
                return f"the annotation {key}"
    mesh = injected(workload, project)
    return f"the proxy of a mesh ({mesh})" if mesh else ""


def _of_monitors(workload: Workload, project: Project) -> str:
    asked: dict[int, str] = project.once("monitored", _asked)
    for each in (workload, *services_of(workload, project)):
        if id(each) in asked:
            return asked[id(each)]
    return ""


def _asked(project: Project) -> dict[int, str]:
    found: dict[int, str] = {}
    for monitor in project.all(Monitor):
        try:
            chosen = workloads_asked(monitor, project) if monitor.of_pods else services_asked(monitor, project)
        except Unresolved:
            continue
        for each in chosen:
            found.setdefault(id(each), monitor.name)
    return found


def _of_programs(workload: Workload, project: Project) -> str:
    for container in workload.containers:
        if container.image.known and "exporter" in container.image.text:
            return f"the exporter {container.container_name}"
        sent = next((each.name for each in container.env if _SENT.match(each.name.upper())), "")
        if sent:
            return f"what it sends ({sent})"
        listed = container.node["envFrom"]
        for source in listed if listed.is_list else ():
            keys = _keys_of(written(source["configMapRef"]["name"]), workload, project)
            sent = next((key for key in keys if _SENT.match(key.upper())), "")
            if sent:
                return f"what it sends ({sent})"
    return _of_alerts(workload, project)


def _keys_of(name: str, workload: Workload, project: Project) -> Iterator[str]:
    for each in project.by(Object, "object_name").get(name, ()) if name else ():
        if each.kind == "ConfigMap" and compatible(each.namespace, workload.namespace):
            yield from (key for key, _ in each.node["data"].items())


def _of_alerts(workload: Workload, project: Project) -> str:
    """A PrometheusRule that names it, or a scrape configuration that names it or its Service."""
    names = {workload.object_name, *(each.object_name for each in services_of(workload, project))} - {""}
    for path, words in project.once("words of monitoring", _words_of_monitoring):
        if not names.isdisjoint(words):
            return path
    return ""


_WORD = regex(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


def _words_of_monitoring(project: Project) -> list[tuple[str, frozenset[str]]]:
    rules = [each for each in project.all(Object) if each.kind == "PrometheusRule"]
    found = [(rule.name, frozenset(_WORD.findall(" ".join(_expressions(rule))))) for rule in rules]
    for path, text in texts(project, "scrape_configs"):
        if not path.endswith((".md", ".markdown", ".rst", ".adoc", ".txt")):
            configured = text.partition("scrape_configs")[2].partition("\n---")[0]
            found.append((path, frozenset(_WORD.findall(configured))))
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
