"""The uses of a subject that differ: callers and environments of a module, instances of a resource, what is planned."""

from __future__ import annotations

from collections.abc import Sequence

from gatekeeper.models import Subject
from gatekeeper.project import Project


def uses(subject: Subject, project: Project) -> Sequence[Subject]:
    """The same subject for each of several uses, empty where it is one and the same for all."""
    return subject.alternatives()
