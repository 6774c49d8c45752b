"""What a kustomization may change about an object although it could not be followed: a transformer, a remote patch.

An object that was built in full is what is applied, and nothing here says anything about it.
"""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.models.kubernetes import Container, Object, changing
from gatekeeper.project import Project


class Unsettled(NamedTuple):
    """The file that may still change an object, and how."""

    path: str
    message: str


def unsettled(subject: Object | Container, project: Project) -> Unsettled | None:
    """Why an object may be another one when it is applied; None when it will not."""
    each = subject.workload if isinstance(subject, Container) else subject
    if each.final:
        return None
    gap = project.tree.once(changing).get(each.variant)
    return Unsettled(gap.at.source.path, gap.message) if gap else None
