"""The uses of a subject that differ: callers and environments of a module, instances of a resource, what is planned,
what an ApplicationSet makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from gatekeeper.links.planned import planned
from gatekeeper.models import Subject
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.kubernetes import Application
    from gatekeeper.models.terraform import Resource


def uses(subject: Subject, project: Project) -> Sequence[Subject]:
    """The same subject for each of several uses, empty where it is one and the same for all."""
    return subject.alternatives() or _planned(subject, project) or _generated(subject, project)


def _planned(subject: Subject, project: Project) -> Sequence[Subject]:
    kind = Subject.registry.get("terraform.Resource")
    return planned(cast("Resource", subject), project) if kind and isinstance(subject, kind) else ()


def _generated(subject: Subject, project: Project) -> Sequence[Subject]:
    kind = Subject.registry.get("kubernetes.Application")
    if not kind or not isinstance(subject, kind):
        return ()
    from gatekeeper.links.argocd_sets import made_by  # most repositories have none

    made = made_by(cast("Application", subject), project)
    return made.applications if made.whole else ()
