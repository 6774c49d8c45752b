from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.links.scaling import counted_by, scalers
from gatekeeper.links.selectors import visited
from gatekeeper.models.image import ImageReference
from gatekeeper.models.kubernetes import Workload, written
from gatekeeper.rule import Answer, rule


def _serves(workload: Workload, project: Project) -> bool:
    """A Deployment that a Service sends traffic to, with a number of its own and no volume that holds it to one."""
    if workload.kind not in ("Deployment", "Rollout") or not visited(workload, project) or _exports(workload):
        return False
    volumes = workload.pod["volumes"]
    claims = (volume["persistentVolumeClaim"] for volume in (volumes if volumes.is_list else ()))
    return not any(claim.present for claim in claims) and not scalers(workload, project)


def _exports(workload: Workload) -> bool:
    """Whether it is an exporter, by its images: two of them are scraped twice."""
    images = [ImageReference.parse(written(each.image)) for each in workload.containers if each.role == "app"]
    return bool(images) and all(image.name.endswith("exporter") for image in images)


@rule(
    "k8s-replicas-minimum",
    gate="workload-reliability",
    severity="medium",
    seed="4.2 Kubernetes Deployment Template",
    aliases=["kube-score:deployment-replicas"],
    where=_serves,
)
def replicas_minimum(workload: Workload, project: Project) -> Iterator[Answer]:
    """Every Deployment behind a Service runs at least two replicas.

    With one, each node that is drained and each crash is an outage. Absent means 1. Where an Argo Rollout takes its
    pods from the Deployment (`workloadRef`) the Rollout's number counts. A Deployment that an autoscaler scales is
    judged by the autoscaler's minimum: see k8s-hpa-min-replicas. Deployments that no Service selects, or only one for
    metrics (workers, controllers), are not judged, nor exporters (by the image's name), which two would have scraped
    twice, nor those that mount a PersistentVolumeClaim: most may be mounted on one node alone.

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

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: controller}
    spec:
      replicas: 1
      template:
        metadata: {labels: {app: controller}}
        spec: {containers: [{name: controller, image: "controller:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: controller-metrics}
    spec: {selector: {app: controller}, ports: [{name: metrics, port: 8080}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: queue-numbers}
    spec:
      template:
        metadata: {labels: {app: queue-numbers}}
        spec: {containers: [{name: numbers, image: "acme/queue-exporter:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: queue-numbers}
    spec: {selector: {app: queue-numbers}, ports: [{name: http, port: 8080}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: db}
    spec:
      replicas: 1
      template:
        metadata: {labels: {app: db}}
        spec:
          containers: [{name: db, image: "db:1.0.0"}]
          volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: db}
    spec: {selector: {app: db}, ports: [{port: 5432}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      replicas: 2
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ```

    Good, an overlay sets them:
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
    replicas = counted_by(workload, project).spec["replicas"]
    count = replicas.number if replicas.present else 1
    if count is None or count >= 2:
        return
    elsewhere = unsettled(workload, project)
    if elsewhere:
        yield Unknown(workload, f"{elsewhere.path} may set the replicas")
    else:
        yield Finding(replicas if replicas.present else workload, _words(workload, count))


def _words(workload: Workload, count: float) -> str:
    return f"{count:g} replica{'' if count == 1 else 's'} of {workload.object_name}: a drained node is an outage"
