from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import services_of, unsettled
from gatekeeper.links.scaling import scaled_by
from gatekeeper.models.kubernetes import HorizontalPodAutoscaler
from gatekeeper.rule import Answer, rule


def _keeps_pods(scaler: HorizontalPodAutoscaler, project: Project) -> bool:
    """Every HPA; one that is there to go down to none, only where a Service sends traffic to its pods."""
    if scaler.least > 0:
        return True
    return any(services_of(each, project) for each in scaled_by(scaler, project).workloads)


@rule(
    "k8s-hpa-min-replicas",
    gate="workload-reliability",
    severity="medium",
    seed="1.2 Architecture Design",
    aliases=["kube-score:horizontalpodautoscaler-replicas"],
    where=_keeps_pods,
)
def hpa_min_replicas(scaler: HorizontalPodAutoscaler, project: Project) -> Iterator[Answer]:
    """Every autoscaler keeps at least two replicas.

    At night it goes down to its minimum: with one, each node that is drained and each crash is an outage. Absent means
    1, and for a KEDA ScaledObject 0; who goes down to 0 means to, and is judged only where a Service sends traffic to
    the pods. Other
    tools ask for three (kube-linter), or say nothing where the number is absent (polaris).

    Bad:
    ```yaml
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      # expect: down to 1
      minReplicas: 1
      maxReplicas: 9
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    # expect: down to 1
    metadata: {name: api}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}
      maxReplicas: 9
    ```

    Good:
    ```yaml
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      minReplicas: 2
      maxReplicas: 9
    ---
    apiVersion: keda.sh/v1alpha1
    kind: ScaledObject
    metadata: {name: worker}
    spec:
      scaleTargetRef: {name: worker}
    ```
    """
    least = scaler.least
    if least >= 2:
        return
    at = scaler.minimum if scaler.minimum.present else scaler
    patch = unsettled(scaler, project)
    if patch:
        yield Unknown(at, f"{patch.path} may patch minReplicas")
    else:
        yield Finding(at, f"it goes down to {least:g}: a drained node is an outage of {scaler.target[1]}")
