"""Which pods a selector means: the nearest workloads that match, and how near they are.

Repositories hold variants of one application side by side (base and overlays, `standalone/` and `distributed/`), so
what stands nearer wins: the same file, then the directory, the kustomization, the namespace, the repository.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from enum import IntEnum
from typing import NamedTuple, TypeVar

from gatekeeper.models.kubernetes import (
    Builds,
    HorizontalPodAutoscaler,
    LabelSelector,
    Object,
    Service,
    Workload,
    builds,
    written,
)
from gatekeeper.node import Unresolved
from gatekeeper.project import Project


class Rung(IntEnum):
    """How near two objects stand to each other, the nearest first."""

    FILE = 1
    DIRECTORY = 2
    BUILD = 3
    NAMESPACE = 4
    REPOSITORY = 5


class Selection(NamedTuple):
    """The workloads that a selector means, all equally near; `rung` is None when there are none."""

    workloads: tuple[Workload, ...] = ()
    rung: Rung | None = None


def selected(selector: LabelSelector, near: Object, project: Project) -> Selection:
    """The workloads whose pods the selector of `near` (a Service, a budget, a policy) means."""
    matching = [
        workload
        for workload in project.all(Workload)
        if compatible(near.namespace, workload.namespace) and selector.matches(workload.pod_labels)
    ]
    found, rung = nearest(near, matching, project)
    return Selection(tuple(found), rung)


Kind = TypeVar("Kind", bound=Object)


def nearest(near: Object, candidates: list[Kind], project: Project) -> tuple[list[Kind], Rung | None]:
    """Those of the candidates that stand nearest to `near`."""
    if not candidates:
        return [], None
    graph = project.tree.once(builds)
    rungs = [rung_of(near, candidate, graph) for candidate in candidates]
    best = min(rungs)
    return [each for each, rung in zip(candidates, rungs, strict=True) if rung == best], best


def rung_of(one: Object, other: Object, graph: Builds) -> Rung:
    """How near two objects stand. What two kustomizations build of the same files is not applied together."""
    if one.variant and other.variant and one.variant != other.variant:
        return Rung.NAMESPACE if one.namespace == other.namespace != "" else Rung.REPOSITORY
    if one.path == other.path:
        return Rung.FILE
    if posixpath.dirname(one.path) == posixpath.dirname(other.path):
        return Rung.DIRECTORY
    if one.variant and one.variant == other.variant:
        return Rung.BUILD
    nothing: frozenset[str] = frozenset()
    if graph.including.get(one.path, nothing) & graph.including.get(other.path, nothing):
        return Rung.BUILD
    return Rung.NAMESPACE if one.namespace == other.namespace != "" else Rung.REPOSITORY


def compatible(one: str, other: str) -> bool:
    """Whether two namespaces may be the same: one that is not written is chosen when the manifest is applied."""
    return one == other or not one or not other


def pods_of(service: Service, project: Project) -> Selection:
    """The workloads that a Service sends traffic to. Raises `Unresolved`."""

    def make(project: Project) -> Selection:
        return selected(service.selector, service, project) if service.selects else Selection()

    return project.once(("pods_of", id(service)), make)


def services_of(workload: Workload, project: Project) -> tuple[Service, ...]:
    """The Services that send traffic to a workload's pods."""
    return tuple(project.once("services_of", _services).get(id(workload), ()))


def visited(workload: Workload, project: Project) -> bool:
    """Whether a Service brings visitors to a workload's pods: one for the monitoring alone does not."""
    return not all(_for_monitoring(service) for service in services_of(workload, project))


def _for_monitoring(service: Service) -> bool:
    return all("metrics" in (written(port["name"]) or service.object_name) for port in service.ports)


def _services(project: Project) -> dict[int, list[Service]]:
    table: dict[int, list[Service]] = defaultdict(list)
    for service in project.all(Service):
        try:
            chosen = pods_of(service, project).workloads
        except Unresolved:
            continue
        for workload in chosen:
            table[id(workload)].append(service)
    return table


def scalers_of(workload: Object, project: Project) -> list[HorizontalPodAutoscaler]:
    """The autoscalers whose target is this workload, the nearest ones."""
    index = project.once("scalers", _scalers)
    named = [
        scaler
        for scaler in index.get((workload.kind, workload.object_name), ())
        if compatible(scaler.namespace, workload.namespace)
    ]
    graph = project.tree.once(builds)
    best = min((rung_of(scaler, workload, graph) for scaler in named), default=None)
    return [scaler for scaler in named if rung_of(scaler, workload, graph) == best]


def _scalers(project: Project) -> dict[tuple[str, str], list[HorizontalPodAutoscaler]]:
    table: dict[tuple[str, str], list[HorizontalPodAutoscaler]] = defaultdict(list)
    for scaler in project.all(HorizontalPodAutoscaler):
        table[scaler.target].append(scaler)
    return table
