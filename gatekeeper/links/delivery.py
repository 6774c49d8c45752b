"""How a workload's new version is brought out, and how it goes back: what Argo Rollouts, Flagger or Kubernetes do."""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.links.selectors import compatible
from gatekeeper.models.kubernetes import Canary, Object, Workload, written
from gatekeeper.models.kubernetes.mesh import is_rollout, strategy_of
from gatekeeper.project import Project


class Delivery(NamedTuple):
    """The way in words (`canary with analysis`, `blue-green`, `rolling update`), and the object that says it.

    `returns` is whether it goes back by itself when what it measures is bad.
    """

    words: str
    at: Object
    returns: bool = False


def delivery_of(workload: Workload, project: Project) -> Delivery | None:
    """How a workload's versions are brought out; None for kinds that have no such thing. Raises `Unresolved`."""
    if is_rollout(workload):
        return _of_rollout(workload)
    for canary in project.all(Canary):
        if canary.target == (workload.kind, workload.object_name) and compatible(canary.namespace, workload.namespace):
            measured = bool(canary.analysis["metrics"]) or bool(canary.analysis["webhooks"])
            return Delivery("canary with analysis (Flagger)" if measured else "canary (Flagger)", canary, measured)
    rollout = rollout_over(workload, project)
    if rollout:
        return _of_rollout(rollout)
    if workload.kind != "Deployment":
        return None
    recreated = workload.spec["strategy"]["type"] == "Recreate"
    return Delivery("every pod at once" if recreated else "rolling update", workload)


def _of_rollout(rollout: Object) -> Delivery:
    strategy = strategy_of(rollout)
    name = {"canary": "canary", "blueGreen": "blue-green"}.get(strategy.kind, "rolling update")
    watched = strategy.watches
    return Delivery(f"{name} with analysis" if watched else name, rollout, watched)


def rollout_over(workload: Workload, project: Project) -> Object | None:
    """The Argo Rollout that takes its pods from a Deployment (`workloadRef`) and scales it down itself."""
    for each in project.by(Object, "kind").get("Rollout", ()):
        reference = each.spec["workloadRef"]
        wanted = (written(reference["kind"]) or "Deployment", written(reference["name"]))
        named = reference.present and wanted == (workload.kind, workload.object_name)
        if named and is_rollout(each) and compatible(each.namespace, workload.namespace):
            return each
    return None


def templates(name: str, near: Object, project: Project, *, cluster: bool) -> list[Object]:
    """The AnalysisTemplates of that name (of the cluster: ClusterAnalysisTemplates)."""
    kind = "ClusterAnalysisTemplate" if cluster else "AnalysisTemplate"
    return [
        each
        for each in project.by(Object, "object_name").get(name, ())
        if each.kind == kind and (cluster or compatible(each.namespace, near.namespace))
    ]


def workloads_named(kind: str, name: str, near: Object, project: Project) -> list[Object]:
    """The workloads of that kind and name, Argo Rollouts too."""
    return [
        each
        for each in project.by(Object, "object_name").get(name, ())
        if each.kind == kind and compatible(each.namespace, near.namespace)
    ]
