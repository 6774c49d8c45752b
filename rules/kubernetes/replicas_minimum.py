from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import overlaid, rescaled, scalers_of, services_of
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-replicas-minimum",
    gate="workload-reliability",
    severity="medium",
    seed="4.2 Kubernetes Deployment Template",
    aliases=["kube-score:deployment-replicas"],
    where=lambda workload, project: workload.kind in ("Deployment", "Rollout") and bool(services_of(workload, project)),
)
def replicas_minimum(workload: Workload, project: Project) -> Iterator[Answer]:
    """Every Deployment behind a Service runs at least two replicas.

    With one, each node that is drained and each crash is an outage. Absent means 1. Where an autoscaler scales the
    Deployment its minimum counts; KEDA's is 0 when none is written. Deployments that no Service selects (workers,
    controllers) are not judged.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      # expect: 1 replica
      replicas: 1
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ```

    Bad, the autoscaler's minimum:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      replicas: 3
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      # expect: 1 replica
      minReplicas: 1
      maxReplicas: 9
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      minReplicas: 2
      maxReplicas: 9
    ```

    Unknown, an overlay sets them:
    ```yaml base/web.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ```
    ```yaml base/kustomization.yaml
    resources: [web.yaml]
    ```
    ```yaml prod/kustomization.yaml
    resources: [../base]
    replicas: [{name: web, count: 3}]
    ```
    """
    scalers = scalers_of(workload, project)
    if scalers:
        for scaler in scalers:
            if scaler.least < 2:
                at = scaler.minimum if scaler.minimum.present else scaler
                yield Finding(at, _words(workload, scaler.least))
        return
    count = workload.replicas.number if workload.replicas.present else 1
    if count is None or count >= 2:
        return
    elsewhere = rescaled(workload, project) or overlaid(workload, "replicas", project)
    if elsewhere:
        yield Unknown(workload, f"{elsewhere.path} sets the replicas")
    else:
        yield Finding(workload.replicas if workload.replicas.present else workload, _words(workload, count))


def _words(workload: Workload, count: float) -> str:
    return f"{count:g} replica{'' if count == 1 else 's'} of {workload.object_name}: a drained node is an outage"
