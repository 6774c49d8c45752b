from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note
from gatekeeper.models.kubernetes import HorizontalPodAutoscaler
from gatekeeper.rule import rule


@rule(
    "k8s-hpa-min-equals-max",
    gate="workload-reliability",
    severity="high",
    seed="1.1 Define scalability requirements",
    aliases=["polaris:hpaMaxAvailability"],
    where=lambda scaler: scaler.spec["maxReplicaCount" if scaler.kind == "ScaledObject" else "maxReplicas"].present,
)
def hpa_min_equals_max(scaler: HorizontalPodAutoscaler) -> Iterator[Finding]:
    """Every autoscaler has room to scale.

    With `minReplicas` equal to `maxReplicas` it never scales, whatever the load. A minimum above the maximum is refused
    by the API, and is graded higher.

    Bad:
    ```yaml
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      minReplicas: 3
      # expect: never scales
      maxReplicas: 3
    ---
    apiVersion: autoscaling/v1
    kind: HorizontalPodAutoscaler
    metadata: {name: api}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}
      minReplicas: 6
      # expect: refuses
      maxReplicas: 3
    ```

    Good:
    ```yaml
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      minReplicas: 3
      maxReplicas: 9
    ```
    """
    at = scaler.spec["maxReplicaCount" if scaler.kind == "ScaledObject" else "maxReplicas"]
    most, least = at.number, scaler.least
    if most is None or most > least:
        return
    see = (Note(scaler.minimum, "the minimum"),) if scaler.minimum.present else ()
    if most == least:
        yield Finding(at, f"it keeps {most:g} and never scales", see, severity="low")
    else:
        words = f"the minimum of {least:g} is above the maximum of {most:g}: the API refuses it"
        yield Finding(at, words, see)
