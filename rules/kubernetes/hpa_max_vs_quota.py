from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gatekeeper import Finding, Note, Project
from gatekeeper.links import Rung
from gatekeeper.links.scaling import scaled_by
from gatekeeper.links.selectors import compatible, rung_of
from gatekeeper.models.kubernetes import HorizontalPodAutoscaler, Object, Workload, amount, builds
from gatekeeper.node import Node
from gatekeeper.rule import rule

_NAMES = {
    "cpu": ("requests", "cpu"),
    "memory": ("requests", "memory"),
    "requests.cpu": ("requests", "cpu"),
    "requests.memory": ("requests", "memory"),
    "limits.cpu": ("limits", "cpu"),
    "limits.memory": ("limits", "memory"),
}


def _beside_a_quota(scaler: HorizontalPodAutoscaler, project: Project) -> bool:
    return (
        scaler.kind == "HorizontalPodAutoscaler" and bool(_quotas(scaler, project)) and bool(_target(scaler, project))
    )


@rule(
    "k8s-hpa-max-vs-quota",
    gate="workload-reliability",
    severity="low",
    seed="1.1 Define scalability requirements",
    where=_beside_a_quota,
)
def hpa_max_vs_quota(scaler: HorizontalPodAutoscaler, project: Project) -> Iterator[Finding]:
    """No autoscaler may go beyond the quota of its namespace.

    At `maxReplicas` times what one pod requests the quota refuses further pods, and the autoscaler keeps asking for
    them: the load stays where it is. Held against each ResourceQuota of the same namespace that has no scopes; what
    other workloads take of it is not counted.

    Bad:
    ```yaml
    apiVersion: v1
    kind: ResourceQuota
    metadata: {name: shop, namespace: shop}
    spec: {hard: {requests.cpu: "8"}}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      # expect: 20 pods
      maxReplicas: 20
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      template:
        spec:
          containers: [{name: web, image: "web:1.0.0", resources: {requests: {cpu: 500m}}}]
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: ResourceQuota
    metadata: {name: shop, namespace: shop}
    spec: {hard: {requests.cpu: "8", pods: "50"}}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      maxReplicas: 16
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      template:
        spec:
          containers: [{name: web, image: "web:1.0.0", resources: {requests: {cpu: 500m}}}]
    ```
    """
    workload = _target(scaler, project)
    at = scaler.spec["maxReplicas"]
    most = at.number
    if workload is None or most is None:
        return
    for quota in _quotas(scaler, project):
        for name, bound in quota.spec["hard"].items():
            one = Decimal(1) if name == "pods" else _of_one(workload, name)
            highest = amount(bound)
            if highest is not None and one * int(most) > highest:
                words = (
                    f"{most:g} pods take more {name} than the {bound.text} of {quota.name}: the last ones never start"
                )
                yield Finding(at, words, (Note(bound, "the quota"),))


def _target(scaler: HorizontalPodAutoscaler, project: Project) -> Workload | None:
    targets = scaled_by(scaler, project).workloads
    return targets[0] if len(targets) == 1 else None


def _quotas(scaler: HorizontalPodAutoscaler, project: Project) -> list[Object]:
    """The quotas of its namespace: of the same name, or built with it where no namespace is written."""
    graph = project.tree.once(builds)
    return [
        each
        for each in project.by(Object, "kind").get("ResourceQuota", ())
        if compatible(each.namespace, scaler.namespace)
        and (each.namespace == scaler.namespace != "" or rung_of(scaler, each, graph) <= Rung.BUILD)
        and not (each.spec["scopes"].present or each.spec["scopeSelector"].present)
    ]


def _of_one(workload: Workload, name: str) -> Decimal:
    """What one pod takes of a quota: the sum of the containers that run together."""
    if name not in _NAMES:
        return Decimal(0)
    half, resource = _NAMES[name]
    for_the_pod = workload.pod["resources"][half][resource]
    if for_the_pod.present:
        return amount(for_the_pod) or Decimal(0)
    running = [container for container in workload.containers if container.role in ("app", "sidecar")]
    nodes: list[Node] = [
        container.limit(resource) if half == "limits" else container.request(resource) for container in running
    ]
    return sum((amount(node) or Decimal(0) for node in nodes if node.present), Decimal(0))
