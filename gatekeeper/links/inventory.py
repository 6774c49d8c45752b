"""The workloads that this repository declares, by kind, name and namespace."""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.models import Subject
from gatekeeper.project import Project


class Workloads(NamedTuple):
    """What is declared; `templates` is a file that may declare more, once somebody renders it."""

    workloads: list[tuple[str, str, str]]
    templates: str = ""


def workloads(project: Project) -> Workloads:
    """The workloads declared here, whoever reads them: nothing is imported for a repository that has none."""
    return project.once("workloads by name", _workloads)


def _workloads(project: Project) -> Workloads:
    kind = Subject.registry.get("kubernetes.Workload")
    found = [
        (getattr(each, "kind", ""), getattr(each, "object_name", ""), getattr(each, "namespace", ""))
        for each in (project.all(kind) if kind else ())
    ]
    unread = (fault.source.path for fault in project.faults if fault.technology == "kubernetes")
    return Workloads(found, next(unread, ""))
