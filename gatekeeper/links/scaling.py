"""What an autoscaler scales, by what it measures it, and how many pods of a workload there may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.links.delivery import rollout_over
from gatekeeper.links.selectors import Selection, compatible, nearest, scalers_of
from gatekeeper.models.kubernetes import HorizontalPodAutoscaler, Object, Workload, written
from gatekeeper.node import Node, Unresolved
from gatekeeper.project import Project

# Kinds whose pods are as many as `spec.replicas` says; a DaemonSet has as many as there are nodes.
COUNTED = frozenset("Deployment StatefulSet ReplicaSet ReplicationController Rollout DeploymentConfig".split())


class Utilization(NamedTuple):
    """A metric that is a share of what the containers request; `container` is '' when it is that of all of them."""

    resource: str
    container: str
    node: Node


def scaled_by(scaler: HorizontalPodAutoscaler, project: Project) -> Selection:
    """The workloads that an autoscaler may mean, the nearest of its target's kind and name."""

    def make(project: Project) -> Selection:
        named = [
            workload
            for workload in project.once("counted", _counted).get(scaler.target, ())
            if compatible(counted_by(workload, project).namespace, scaler.namespace)
        ]
        found, rung = nearest(scaler, named, project)
        return Selection(tuple(found), rung)

    return project.once(("scaled_by", id(scaler)), make)


def _counted(project: Project) -> dict[tuple[str, str], list[Workload]]:
    """The workloads by the kind and name of what says how many pods they have."""
    table: dict[tuple[str, str], list[Workload]] = {}
    for workload in project.all(Workload):
        by = counted_by(workload, project)
        table.setdefault((by.kind, by.object_name), []).append(workload)
        if by is not workload:
            table.setdefault((workload.kind, workload.object_name), []).append(workload)
    return table


def counted_by(workload: Workload, project: Project) -> Object:
    """The object that says how many pods there are: itself, or the Argo Rollout that takes its pods from it."""

    def make(project: Project) -> Object:
        return rollout_over(workload, project) or workload

    return project.once(("counted_by", id(workload)), make)


def utilizations(scaler: HorizontalPodAutoscaler) -> list[Utilization]:
    """The metrics that need requests to be measured against. Raises `Unresolved`."""
    if scaler.kind == "ScaledObject":
        return [*_triggers(scaler)]
    share = scaler.spec["targetCPUUtilizationPercentage"]  # autoscaling/v1
    if share.present:
        return [Utilization("cpu", "", share)]
    metrics = scaler.spec["metrics"]
    if not len(metrics):  # the API fills in 80 % of CPU
        return [Utilization("cpu", "", scaler.spec["scaleTargetRef"])]
    return [*_metrics(metrics)]


def _metrics(metrics: Node) -> Iterator[Utilization]:
    for metric in metrics:
        for field in ("resource", "containerResource"):
            of = metric[field]
            shares = (of["target"]["averageUtilization"], of["targetAverageUtilization"])  # v2, v2beta1
            if of.present and any(share.present for share in shares):
                yield Utilization(written(of["name"]), written(of["container"]), of["name"])


def _triggers(scaler: HorizontalPodAutoscaler) -> Iterator[Utilization]:
    for trigger in scaler.spec["triggers"]:
        kind, data = trigger["type"], trigger["metadata"]
        share = "Utilization" in (written(trigger["metricType"]), written(data["type"]))
        if share and kind.text in ("cpu", "memory"):
            yield Utilization(kind.text, written(data["containerName"]), kind)


def scalers(workload: Workload, project: Project) -> list[HorizontalPodAutoscaler]:
    """The autoscalers that scale it: those nearest to it, unless another workload of its name is nearer to them."""
    found = scalers_of(counted_by(workload, project), project)
    return [each for each in found if any(target is workload for target in scaled_by(each, project).workloads)]


def fewest(workload: Workload, project: Project) -> float:
    """The fewest pods it is meant to have: what its autoscaler may go down to, else its replicas. Raises."""
    found = scalers(workload, project)
    return max(scaler.least for scaler in found) if found else _replicas(counted_by(workload, project))


def most(workload: Workload, project: Project) -> float:
    """The most pods it is meant to have. Raises `Unresolved`."""
    highest = (_maximum(scaler).number for scaler in scalers(workload, project))
    return max((_replicas(counted_by(workload, project)), *(number for number in highest if number is not None)))


def _maximum(scaler: HorizontalPodAutoscaler) -> Node:
    return scaler.spec["maxReplicaCount" if scaler.kind == "ScaledObject" else "maxReplicas"]


def _replicas(by: Object) -> float:
    return (by.spec["replicas"].number or 0) if by.spec["replicas"].present else 1


def replicated(workload: Workload, project: Project) -> bool:
    """Whether two or more of its pods are meant to run at once; one whose number is not known may be."""
    if workload.kind not in COUNTED:
        return False
    try:
        return fewest(workload, project) >= 2
    except Unresolved:
        return True
