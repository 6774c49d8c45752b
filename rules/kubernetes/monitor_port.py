from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.links.monitored import services_asked, workloads_asked
from gatekeeper.models.kubernetes import Monitor, Object, Service, Workload, written
from gatekeeper.rule import Answer, rule


def _asked(monitor: Monitor, project: Project) -> list[Object]:
    return [*(workloads_asked if monitor.of_pods else services_asked)(monitor, project)]


@rule(
    "k8s-monitor-port",
    gate="monitoring",
    severity="high",
    seed="Anti-Patterns to Avoid: Missing monitoring",
    where=lambda monitor, project: (
        any(each["port"].present for each in monitor.endpoints) and bool(_asked(monitor, project))
    ),
)
def monitor_port(monitor: Monitor, project: Project) -> Iterator[Answer]:
    """Every port that a ServiceMonitor names is a port of a Service that it selects.

    `port` of an endpoint is the name of a Service's port. Where no selected Service has a port of that name nothing is
    collected, without any error. A PodMonitor's `port` is the name of a container's port. Endpoints that say
    `targetPort` or `portNumber` are not judged.

    Bad:
    ```yaml
    apiVersion: monitoring.coreos.com/v1
    kind: ServiceMonitor
    metadata: {name: web}
    spec:
      selector: {matchLabels: {app: web}}
      endpoints:
        # expect: has a port named metrics
        - port: metrics
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, labels: {app: web}}
    spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
    ```

    Good:
    ```yaml
    apiVersion: monitoring.coreos.com/v1
    kind: ServiceMonitor
    metadata: {name: web}
    spec:
      selector: {matchLabels: {app: web}}
      endpoints: [{port: metrics}, {targetPort: 9090}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, labels: {app: web}}
    spec: {selector: {app: web}, ports: [{name: http, port: 80}, {name: metrics, port: 9090}]}
    ---
    apiVersion: monitoring.coreos.com/v1
    kind: PodMonitor
    metadata: {name: worker}
    spec:
      selector: {matchLabels: {app: worker}}
      podMetricsEndpoints: [{port: metrics}]
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: worker}
    spec:
      template:
        metadata: {labels: {app: worker}}
        spec: {containers: [{name: worker, image: "w:1.0.0", ports: [{name: metrics, containerPort: 9090}]}]}
    ```
    """
    asked = _asked(monitor, project)
    names = {name for each in asked for name in _ports(each)}
    for endpoint in monitor.endpoints:
        port = endpoint["port"]
        if (
            not port.present
            or port.text in names
            or (port.number is not None and monitor.kind.endswith("PodMonitoring"))
        ):
            continue
        kind, numbers = ("workload" if monitor.of_pods else "Service"), sorted(names)
        other = next((patch for each in asked if (patch := _patch(each, project))), None)
        if other:
            yield Unknown(port, f"{other} patches the ports")
            continue
        has = ", ".join(numbers) or "ports without names"
        words = f"no {kind} that it selects has a port named {port.text} ({asked[0].object_name}: {has})"
        yield Finding(port, words, (Note(asked[0], f"the {kind} it selects"),))


def _ports(each: Object) -> list[str]:
    if isinstance(each, Service):
        return [written(port["name"]) for port in each.ports if port["name"].present]
    if isinstance(each, Workload):
        return [port.name for container in each.containers for port in container.ports if port.name]
    return []


def _patch(each: Object, project: Project) -> str:
    found = unsettled(each, project)
    return found.path if found else ""
