from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.monitored import labelled, services_asked, workloads_asked
from gatekeeper.links.outside import PODS, elsewhere
from gatekeeper.links.policies import CONTROL_PLANE, in_words, of_the_cluster
from gatekeeper.models.kubernetes import Monitor, Object, Service, Workload
from gatekeeper.rule import Answer, Reason, rule


def _of_its_own(monitor: Monitor) -> bool:
    """Not about what comes with the cluster: the API server, DNS, the kubelets."""
    if not monitor.selector.requirements or of_the_cluster(monitor.selector):
        return False
    namespaces = monitor.namespaces
    return namespaces is None or not all(name.startswith(CONTROL_PLANE) and name for name in namespaces)


@rule(
    "k8s-monitor-selects-nothing",
    gate="monitoring",
    severity="medium",
    seed="Anti-Patterns to Avoid: Missing monitoring",
    aliases=["kube-linter:dangling-servicemonitor"],
    where=_of_its_own,
)
def monitor_selects_nothing(monitor: Monitor, project: Project) -> Iterator[Answer]:
    """Every ServiceMonitor selects a Service, every PodMonitor pods.

    A monitor that selects nothing collects nothing, and an alert over numbers that do not exist never fires. A
    ServiceMonitor selects Services by the labels of the Service itself, not by those of its pods: that is the usual
    mistake. The monitors of VictoriaMetrics and Google Cloud are meant too. What is monitored is looked for in the
    whole repository, in the namespaces that the monitor names; where it may come from elsewhere (a chart, a remote
    base, an operator) the answer is not known. Monitors of what comes with the cluster are not judged.

    Bad:
    ```yaml
    apiVersion: monitoring.coreos.com/v1
    kind: ServiceMonitor
    metadata: {name: web}
    spec:
      # expect: no Service here has the labels app=web
      selector: {matchLabels: {app: web}}
      endpoints: [{port: metrics}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{name: metrics, port: 9090}]}
    ```

    Good:
    ```yaml
    apiVersion: monitoring.coreos.com/v1
    kind: ServiceMonitor
    metadata: {name: web, namespace: monitoring}
    spec:
      namespaceSelector: {matchNames: [shop]}
      selector: {matchLabels: {app: web}}
      endpoints: [{port: metrics}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop, labels: {app: web}}
    spec: {selector: {app: web}, ports: [{name: metrics, port: 9090}]}
    ```

    Unknown, the operator makes the Service:
    ```yaml
    apiVersion: monitoring.coreos.com/v1
    kind: ServiceMonitor
    metadata: {name: prometheus}
    spec: {selector: {matchLabels: {app: prometheus}}, endpoints: [{port: web}]}
    ---
    apiVersion: monitoring.coreos.com/v1
    kind: Prometheus
    metadata: {name: k8s}
    spec: {replicas: 2}
    ```
    """
    chosen: list[Object] = [*(workloads_asked if monitor.of_pods else services_asked)(monitor, project)]
    if chosen:
        return
    node = monitor.spec["selector"]
    what = "pod" if monitor.of_pods else "Service"
    words = f"no {what} here has the labels {in_words(monitor.selector)}: nothing is collected"
    for each in node.walk():
        each.value  # noqa: B018  # what is filled in later may match
    candidates: list[Object] = [*project.all(Workload if monitor.of_pods else Service)]
    other = elsewhere(project, *(PODS if monitor.of_pods else ("Service",)))
    if other:
        yield Unknown(node, f"what it monitors may come from elsewhere: {other}", Reason.NOT_OWNED_HERE)
    elif any(labelled(each, project) for each in (monitor, *candidates)):
        yield Unknown(node, "a kustomization adds labels")
    elif not candidates:
        yield Unknown(node, f"no {'workload' if monitor.of_pods else what} is declared here", Reason.NOT_OWNED_HERE)
    else:
        yield Finding(node, words)
