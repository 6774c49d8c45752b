from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import elsewhere
from gatekeeper.links.delivery import templates, workloads_named
from gatekeeper.links.ingress import named
from gatekeeper.models.kubernetes import Object, Service, written
from gatekeeper.models.kubernetes.mesh import is_rollout, strategy_of
from gatekeeper.node import Node
from gatekeeper.rule import Answer, Reason, rule


def _named(rollout: Object) -> list[tuple[str, Node]]:
    """What it names: the kind and the name of each."""
    strategy, reference = strategy_of(rollout), rollout.spec["workloadRef"]
    found = [("Service", node) for node in strategy.services]
    found += [(f"{'Cluster' if each.cluster else ''}AnalysisTemplate", each.name) for each in strategy.analyses]
    if reference.present:
        found.append((written(reference["kind"]) or "Deployment", reference["name"]))
    return found


@rule(
    "k8s-rollout-reference",
    gate="deployment-rollback",
    severity="high",
    seed="3.2 Deployment Strategies",
    where=lambda each: is_rollout(each) and bool(_named(each)),
)
def rollout_reference(rollout: Object, project: Project) -> Iterator[Answer]:
    """Everything that an Argo Rollout names exists.

    A Rollout whose analysis template, active, preview, stable or canary Service, or Deployment (`workloadRef`) is not
    there is refused by its controller and brings out nothing: the next deployment stops, and so does the way back. All
    of these are looked for in the whole repository, in the Rollout's namespace; ClusterAnalysisTemplates in every one.
    Where they may come from elsewhere the answer is not known.

    Bad:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: web}
    spec:
      strategy:
        blueGreen:
          activeService: web
          # expect: no Service web-preview
          previewService: web-preview
          prePromotionAnalysis:
            templates:
              # expect: no AnalysisTemplate success
              - templateName: success
      template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: AnalysisTemplate
    metadata: {name: success-rate}
    spec: {metrics: [{name: success}]}
    ```

    Good:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: web}
    spec:
      workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      strategy:
        canary:
          steps:
            - setWeight: 20
            - analysis: {templates: [{templateName: success, clusterScope: true}]}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: ClusterAnalysisTemplate
    metadata: {name: success}
    spec: {metrics: [{name: success}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}}
    ```

    Unknown, a chart brings the template:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: web}
    spec:
      strategy: {canary: {analysis: {templates: [{templateName: success}]}}}
      template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}
    ---
    apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    metadata: {name: templates}
    spec: {chart: {spec: {chart: templates}}}
    ```
    """
    for kind, node in _named(rollout):
        if _is_here(kind, node.text, rollout, project):
            continue
        other = elsewhere(project, kind)
        if other:
            yield Unknown(node, f"{kind} {node.text} may come from elsewhere: {other}", Reason.NOT_OWNED_HERE)
        else:
            yield Finding(node, f"there is no {kind} {node.text} here: the rollout does not go on")


def _is_here(kind: str, name: str, rollout: Object, project: Project) -> bool:
    if kind == "Service":
        return bool(named(Service, name, rollout, project))
    if kind.endswith("AnalysisTemplate"):
        return bool(templates(name, rollout, project, cluster=kind.startswith("Cluster")))
    return bool(workloads_named(kind, name, rollout, project))
