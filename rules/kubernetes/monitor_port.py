from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.links.monitored import services_asked, workloads_asked
from gatekeeper.links.selectors import pods_of
from gatekeeper.models.kubernetes import Monitor, Object, Service, Workload, written
from gatekeeper.node import Node
from gatekeeper.rule import Answer, rule


def _asked(monitor: Monitor, project: Project) -> list[Object]:
    return [*(workloads_asked if monitor.of_pods else services_asked)(monitor, project)]


def _names_port(endpoint: Node) -> bool:
    return endpoint["port"].present or endpoint["targetPort"].present


@rule(
    "k8s-monitor-port",
    gate="monitoring",
    severity="high",
    seed="Anti-Patterns to Avoid: Missing monitoring",
    where=lambda monitor, project: (
        any(_names_port(each) for each in monitor.endpoints) and bool(_asked(monitor, project))
    ),
)
def monitor_port(monitor: Monitor, project: Project) -> Iterator[Answer]:
    """Every port that a ServiceMonitor names is a port of a Service that it selects.

    `port` of an endpoint is the name of a Service's port. Where no selected Service has a port of that name nothing is
    collected, without any error. A PodMonitor's `port` is the name of a container's port, and so is `targetPort` of a
    ServiceMonitor, by name or number: a number that no container declares is not found either. Endpoints that say
    `portNumber` are not judged.

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

    Bad, no container has it:
    ```yaml
    apiVersion: monitoring.coreos.com/v1
    kind: ServiceMonitor
    metadata: {name: web}
    spec:
      selector: {matchLabels: {app: web}}
      endpoints:
        # expect: has a port metrics
        - targetPort: metrics
        # expect: has a port 9091
        - targetPort: 9091
        - targetPort: 9090
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, labels: {app: web}}
    spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "w:1.0.0", ports: [{name: prom, containerPort: 9090}]}]}
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

    if not monitor.of_pods:
        yield from _of_containers(monitor, asked, project)


def _of_containers(monitor: Monitor, services: list[Object], project: Project) -> Iterator[Answer]:
    """The target ports that no container behind the Services declares."""
    wanted = [
        each["targetPort"] for each in monitor.endpoints if each["targetPort"].present and not each["port"].present
    ]
    workloads = [w for each in services if isinstance(each, Service) for w in pods_of(each, project).workloads]
    if not wanted or not workloads:
        return
    declared = [port for workload in workloads for container in workload.containers for port in container.ports]
    known = {port.name for port in declared} | {str(port.number) for port in declared if port.number is not None}
    for node in wanted:
        if node.text in known:
            continue
        other = next((patch for each in workloads if (patch := _patch(each, project))), None)
        if other:
            yield Unknown(node, f"{other} patches the ports")
            continue
        words = f"no container behind it has a port {node.text} ({workloads[0].name})"
        yield Finding(node, words, (Note(workloads[0], "whom it asks"),))


def _ports(each: Object) -> list[str]:
    if isinstance(each, Service):
        return [written(port["name"]) for port in each.ports if port["name"].present]
    if isinstance(each, Workload):
        return [port.name for container in each.containers for port in container.ports if port.name]
    return []


def _patch(each: Object, project: Project) -> str:
    found = unsettled(each, project)
    return found.path if found else ""
