"""Which claims to storage a workload's pods share."""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.links.selectors import compatible, rung_of
from gatekeeper.models.kubernetes import Object, Workload, builds, written
from gatekeeper.node import Node
from gatekeeper.project import Project


class Claim(NamedTuple):
    """A volume of a pod that names a PersistentVolumeClaim, and the nearest claim of that name here."""

    volume: Node
    name: str
    claim: Object | None

    @property
    def modes(self) -> frozenset[str]:
        """How it may be mounted; none when that is not written here. Raises `Unresolved`."""
        listed = self.claim.spec["accessModes"] if self.claim else None
        return frozenset(mode.text for mode in listed) if listed is not None and listed.is_list else frozenset()


def claims_of(workload: Workload, project: Project) -> list[Claim]:
    """The claims that all pods of a workload mount; those that each pod has for itself (templates) are not meant."""
    volumes = workload.pod["volumes"]
    named = [volume["persistentVolumeClaim"]["claimName"] for volume in (volumes if volumes.is_list else ())]
    return [Claim(each, written(each), _claim(written(each), workload, project)) for each in named if each.present]


def _claim(name: str, workload: Workload, project: Project) -> Object | None:
    graph = project.tree.once(builds)
    found = [
        each
        for each in project.by(Object, "object_name").get(name, ())
        if each.kind == "PersistentVolumeClaim" and compatible(each.namespace, workload.namespace)
    ]
    return min(found, key=lambda each: rung_of(each, workload, graph), default=None)
