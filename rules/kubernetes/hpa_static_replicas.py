from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import Rung, unsettled
from gatekeeper.links.scaling import counted_by, scalers
from gatekeeper.links.selectors import rung_of
from gatekeeper.models.kubernetes import HorizontalPodAutoscaler, Object, Workload, builds, written
from gatekeeper.rule import Answer, rule


def _scaled(workload: Workload, project: Project) -> bool:
    return workload.kind != "Pod" and bool(_near(workload, project))


@rule(
    "k8s-hpa-static-replicas",
    gate="workload-reliability",
    severity="medium",
    seed="Best Practices Checklist, Deployment: GitOps",
    aliases=["kube-score:deployment-targeted-by-hpa-does-not-have-replicas-configured"],
    where=_scaled,
)
def hpa_static_replicas(workload: Workload, project: Project) -> Iterator[Answer]:
    """A workload that an autoscaler scales does not fix its replicas.

    Each time the manifest is applied the number goes back to what is written, in the middle of the load that the
    autoscaler answered to; a GitOps controller does so every few minutes. Leave `replicas` out: the autoscaler starts
    from one. Only an autoscaler in the same folder, build or namespace counts. Where an Argo CD Application ignores
    `/spec/replicas` nothing is said.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      # expect: goes back to 3
      replicas: 3
      template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      minReplicas: 2
      maxReplicas: 9
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      minReplicas: 2
      maxReplicas: 9
    ```

    Good, Argo CD leaves the number alone:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      replicas: 3
      template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      minReplicas: 2
      maxReplicas: 9
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      ignoreDifferences: [{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}]
    ```
    """
    replicas = counted_by(workload, project).spec["replicas"]
    if not replicas.present or _ignored(project):
        return
    scaler = _near(workload, project)[0]
    patch = unsettled(workload, project)
    if patch:
        yield Unknown(replicas, f"{patch.path} may patch the replicas")
    else:
        words = f"each deployment goes back to {written(replicas)}, whatever {scaler.name} made of it"
        fix = Fix("remove `replicas`; take the autoscaler's number over first, or the pods go down to 1 once")
        yield Finding(replicas, words, (Note(scaler, "the autoscaler"),), fix)


def _near(workload: Workload, project: Project) -> list[HorizontalPodAutoscaler]:
    graph = project.tree.once(builds)
    return [each for each in scalers(workload, project) if rung_of(each, workload, graph) < Rung.REPOSITORY]


def _ignored(project: Project) -> bool:
    def make(project: Project) -> bool:
        applications = (each for each in project.all(Object) if each.kind in ("Application", "ApplicationSet"))
        return any(written(node) == "/spec/replicas" for each in applications for node in each.node.walk())

    return project.once("replicas ignored", make)
