from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import compatible, elsewhere
from gatekeeper.models.kubernetes import HorizontalPodAutoscaler, Object, Workload
from gatekeeper.rule import Answer, Reason, rule

_KINDS = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Rollout", "DeploymentConfig"})


@rule(
    "k8s-hpa-target-missing",
    gate="workload-reliability",
    severity="medium",
    seed="1.1 Define scalability requirements",
    aliases=["kube-score:horizontalpodautoscaler-has-target", "kube-linter:dangling-horizontalpodautoscaler"],
    where=lambda scaler: scaler.target[0] in _KINDS,
)
def hpa_target_missing(scaler: HorizontalPodAutoscaler, project: Project) -> Iterator[Answer]:
    """Every autoscaler scales a workload that exists.

    An autoscaler whose `scaleTargetRef` names nothing does nothing, and nobody is told. The workload is looked for in
    the whole repository, by kind, name and namespace. Where workloads may come from elsewhere (none is declared here, a
    chart, a remote base, an operator) the answer is not known. KEDA's ScaledObjects are meant too.

    Bad:
    ```yaml
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      # expect: no Deployment web-app
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web-app}
      maxReplicas: 9
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}}
    ```

    Good:
    ```yaml hpa/web.yaml
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      maxReplicas: 9
    ```
    ```yaml apps/web.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec: {template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}}
    ```

    Good, a Rollout that takes its pods from a Deployment:
    ```yaml
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      scaleTargetRef: {apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: web-rollout}
      maxReplicas: 9
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: web-rollout}
    spec: {workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {replicas: 0, template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}}
    ```

    Unknown, no workload is declared here:
    ```yaml
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      maxReplicas: 9
    ```
    """
    reference = scaler.spec["scaleTargetRef"]
    kind, name = scaler.target
    for each in project.by(Object, "object_name").get(name, ()):  # a Rollout need not be a Workload (workloadRef)
        if each.kind == kind and compatible(each.namespace, scaler.namespace):
            return
    reference["name"].value  # noqa: B018  # what is filled in later may name one
    other = elsewhere(project)
    if other:
        yield Unknown(reference, f"{name} may come from elsewhere: {other}", Reason.NOT_OWNED_HERE)
    elif not project.all(Workload):
        yield Unknown(reference, "no workload is declared here", Reason.NOT_OWNED_HERE)
    else:
        yield Finding(reference, f"there is no {kind} {name} here: nothing is scaled")
