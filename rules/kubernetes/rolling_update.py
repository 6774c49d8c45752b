from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.links.delivery import delivery_of
from gatekeeper.links.selectors import visited
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import Answer, rule


def _serves(workload: Workload, project: Project) -> bool:
    """A Deployment that a Service sends traffic to, that nobody else brings out, and that keeps nothing on a volume
    only one pod may hold."""
    if workload.kind != "Deployment" or not visited(workload, project):
        return False
    delivery = delivery_of(workload, project)
    if delivery is not None and delivery.at is not workload:
        return False
    volumes = workload.pod["volumes"]
    return not any(volume["persistentVolumeClaim"].present for volume in (volumes if volumes.is_list else ()))


@rule(
    "k8s-rolling-update",
    gate="deployment-rollback",
    severity="medium",
    seed="4.2 Kubernetes Deployment Template",
    aliases=["kube-score:deployment-strategy"],
    where=_serves,
)
def rolling_update(workload: Workload, project: Project) -> Iterator[Answer]:
    """Every Deployment behind a Service is replaced pod by pod.

    `Recreate` stops every pod before the first new one starts, and so does `maxUnavailable: 100%`: each deployment,
    and each rollback, is an outage. Absent means RollingUpdate with 25 %. Not judged are Deployments that no Service
    selects, or only one for metrics, those whose versions an Argo Rollout (`workloadRef`) or a Canary of Flagger brings
    out, and those that mount a PersistentVolumeClaim: a volume that one node holds leaves them no other way.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      strategy:
        # expect: Recreate
        type: Recreate
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ```

    Bad, all at once:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      strategy:
        rollingUpdate:
          # expect: 100%
          maxUnavailable: 100%
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ```

    Bad, none at all:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      strategy:
        rollingUpdate:
          maxSurge: 0
          # expect: the API refuses it
          maxUnavailable: 0
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
    metadata: {name: web}
    spec:
      strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: controller}
    spec:
      strategy: {type: Recreate}
      template:
        metadata: {labels: {app: controller}}
        spec: {containers: [{name: controller, image: "controller:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: controller-metrics}
    spec: {selector: {app: controller}, ports: [{name: metrics, port: 9001}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ```
    """
    strategy = workload.spec["strategy"]
    unavailable = strategy["rollingUpdate"]["maxUnavailable"]
    if strategy["type"] == "Recreate":
        at, words = strategy["type"], "Recreate stops every pod before the first new one starts"
    elif unavailable == "100%":
        at, words = unavailable, "maxUnavailable 100% stops every pod before the first new one is ready"
    elif unavailable.text in ("0", "0%") and strategy["rollingUpdate"]["maxSurge"].text in ("0", "0%"):
        at, words = unavailable, "neither maxUnavailable nor maxSurge lets a pod be replaced: the API refuses it"
    else:
        return
    patch = unsettled(workload, project)
    yield Unknown(at, f"{patch.path} may patch the strategy") if patch else Finding(at, words)
