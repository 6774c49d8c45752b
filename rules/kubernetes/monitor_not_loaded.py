from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.links.monitored import labelled
from gatekeeper.links.outside import elsewhere
from gatekeeper.links.policies import in_words
from gatekeeper.links.selectors import compatible
from gatekeeper.models.kubernetes import LabelSelector, Object
from gatekeeper.node import Node
from gatekeeper.rule import Answer, Reason, rule


class _Loads(NamedTuple):
    """By which selectors a kind of object is loaded."""

    selector: str
    namespaces: str


_SERVERS = ("Prometheus", "PrometheusAgent")
_LOADED = {
    "ServiceMonitor": _Loads("serviceMonitorSelector", "serviceMonitorNamespaceSelector"),
    "PodMonitor": _Loads("podMonitorSelector", "podMonitorNamespaceSelector"),
    "Probe": _Loads("probeSelector", "probeNamespaceSelector"),
    "ScrapeConfig": _Loads("scrapeConfigSelector", "scrapeConfigNamespaceSelector"),
}
_NAME = "kubernetes.io/metadata.name"


def _of_operator(each: Object) -> bool:
    return each.api_version.startswith("monitoring.coreos.com/")


def _loaders(each: Object, project: Project) -> list[Object]:
    kinds = project.by(Object, "kind")
    found = [loader for kind in _SERVERS for loader in kinds.get(kind, ())]
    return [loader for loader in found if _of_operator(loader) and _together(each, loader)]


def _together(each: Object, loader: Object) -> bool:
    """Whether they may run in one cluster: what two kustomizations build of the same files does not."""
    return not (each.variant and loader.variant and each.variant != loader.variant)


@rule(
    "k8s-monitor-not-loaded",
    gate="monitoring",
    severity="high",
    seed="Anti-Patterns to Avoid: Missing monitoring",
    where=lambda each, project: each.kind in _LOADED and _of_operator(each) and bool(_loaders(each, project)),
)
def monitor_not_loaded(each: Object, project: Project) -> Iterator[Answer]:
    """Every monitor is loaded by a Prometheus.

    A Prometheus of the operator loads the ServiceMonitors, PodMonitors, Probes and ScrapeConfigs whose labels its
    selectors match, in the namespaces that it looks in: its own, unless it says otherwise. Without a selector it loads
    none, with an empty one all. What none loads collects nothing, and nothing says so. Judged where the Prometheus is
    in this repository too; where one may come from elsewhere (a chart, a remote base) the answer is not known. Rules
    are judged by `rules-loaded`.

    Bad, another label:
    ```yaml
    apiVersion: monitoring.coreos.com/v1
    kind: Prometheus
    metadata: {name: main, namespace: monitoring}
    spec:
      serviceMonitorSelector: {matchLabels: {team: platform}}
      serviceMonitorNamespaceSelector: {}
    ---
    apiVersion: monitoring.coreos.com/v1
    kind: ServiceMonitor
    metadata:
      # expect: takes those with the labels team=platform
      name: orders
      namespace: shop
      labels: {team: shop}
    spec: {selector: {matchLabels: {app: orders}}, endpoints: [{port: http}]}
    ```

    Bad, it does not run:
    ```yaml
    apiVersion: monitoring.coreos.com/v1
    kind: Prometheus
    metadata: {name: main, namespace: monitoring}
    spec: {replicas: 0, podMonitorSelector: {}}
    ---
    apiVersion: monitoring.coreos.com/v1
    kind: PodMonitor
    metadata:
      # expect: has no replicas
      name: orders
      namespace: monitoring
    spec: {selector: {matchLabels: {app: orders}}, podMetricsEndpoints: [{port: http}]}
    ```

    Bad, another namespace:
    ```yaml
    apiVersion: monitoring.coreos.com/v1
    kind: Prometheus
    metadata: {name: main, namespace: monitoring}
    spec: {podMonitorSelector: {}}
    ---
    apiVersion: monitoring.coreos.com/v1
    kind: PodMonitor
    metadata:
      # expect: looks in the namespace monitoring only
      name: orders
      namespace: shop
    spec: {selector: {matchLabels: {app: orders}}, podMetricsEndpoints: [{port: http}]}
    ```

    Good:
    ```yaml
    apiVersion: monitoring.coreos.com/v1
    kind: Prometheus
    metadata: {name: main, namespace: monitoring}
    spec:
      serviceMonitorSelector: {}
      serviceMonitorNamespaceSelector: {}
      probeSelector: {matchLabels: {role: outside}}
    ---
    apiVersion: monitoring.coreos.com/v1
    kind: ServiceMonitor
    metadata: {name: orders, namespace: shop}
    spec: {selector: {matchLabels: {app: orders}}, endpoints: [{port: http}]}
    ---
    apiVersion: monitoring.coreos.com/v1
    kind: Probe
    metadata: {name: orders, namespace: monitoring, labels: {role: outside}}
    spec: {targets: {staticConfig: {static: ["https://orders.example.com"]}}}
    ```

    Unknown, nobody knows the labels of the namespace:
    ```yaml
    apiVersion: monitoring.coreos.com/v1
    kind: Prometheus
    metadata: {name: main, namespace: monitoring}
    spec: {podMonitorSelector: {}, podMonitorNamespaceSelector: {matchLabels: {monitored: "true"}}}
    ---
    apiVersion: monitoring.coreos.com/v1
    kind: PodMonitor
    metadata: {name: orders, namespace: shop}
    spec: {selector: {matchLabels: {app: orders}}, podMetricsEndpoints: [{port: http}]}
    ```
    """
    why: list[tuple[Object, str]] = []
    open_namespaces: Node | None = None
    for loader in _loaders(each, project):
        loads = _LOADED[each.kind]
        words = _refused(each, loader, loads)
        within = _looks_in(each, loader, loads, project)
        if not words and within:
            return
        if not words and within is None:
            open_namespaces = loader.spec[loads.namespaces]
        why.append((loader, words or f"{loader.name} {_where(loader, loads)}"))
    first, words = why[0]
    other = elsewhere(project, "Prometheus")
    patched = unsettled(each, project) or next((p for loader, _ in why if (p := unsettled(loader, project))), None)
    if open_namespaces is not None:
        yield Unknown(open_namespaces, f"which namespaces it looks in depends on labels that are not here: {each.name}")
    elif labelled(each, project):
        yield Unknown(each, "a kustomization adds labels")
    elif patched:
        yield Unknown(each, f"{patched.path} patches it, or what loads it")
    elif other:
        yield Unknown(each, f"{words}; a Prometheus may come from elsewhere: {other}", Reason.NOT_OWNED_HERE)
    else:
        more = f", nor does any other of the {len(why)} here" if len(why) > 1 else ""
        yield Finding(each, f"{words}: it does not load this{more}", (Note(first, "what loads such objects"),))


def _refused(each: Object, loader: Object, loads: _Loads) -> str:
    """Why its labels keep it out, in words; '' when they do not. Raises `Unresolved`."""
    node = loader.spec[loads.selector]
    if loader.spec["replicas"].present and loader.spec["replicas"] == 0:
        return f"{loader.name} has no replicas, and runs nowhere"
    if not node.present:
        return f"{loader.name} has no {loads.selector}, and takes none"
    selector = LabelSelector.of(node)
    return "" if selector.matches(each.labels) else f"{loader.name} takes those with the labels {in_words(selector)}"


def _looks_in(each: Object, loader: Object, loads: _Loads, project: Project) -> bool | None:
    """Whether it looks in the object's namespace; None when nobody can tell. Raises `Unresolved`."""
    node = loader.spec[loads.namespaces]
    if not node.present:
        return compatible(each.namespace, loader.namespace)
    selector = LabelSelector.of(node)
    if not selector.requirements:
        return True
    if not each.namespace:
        return None
    spaces = [space for space in project.by(Object, "kind").get("Namespace", ()) if space.object_name == each.namespace]
    labels = {_NAME: each.namespace}
    for space in spaces:
        labels |= space.labels
    if selector.matches(labels):
        return True
    known = all(requirement.key == _NAME for requirement in selector.requirements)
    return False if spaces or known else None


def _where(loader: Object, loads: _Loads) -> str:
    node = loader.spec[loads.namespaces]
    if not node.present:
        return f"looks in the namespace {loader.namespace or 'that it is put into'} only"
    return f"looks in namespaces with the labels {in_words(LabelSelector.of(node))}"
