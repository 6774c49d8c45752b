"""Applications of Argo CD, as they stand: `argocd app get NAME -o json`, `kubectl get applications -o json`.

https://argo-cd.readthedocs.io/en/stable/user-guide/commands/argocd_app_get/ has the command; the fields are those of
the custom resource `applications.argoproj.io`. An application that is only declared, without its status, says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct, field

from gatekeeper.models.evidence import answers, json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Drift, Facts

_GROUP = "argoproj.io/"
_SHOWN = 1000
_COMMIT = re.compile(r"[0-9a-f]{40}")  # a chart's version is no commit
_LISTS = {"List", "ApplicationList"}


class _Metadata(Struct):
    name: str = ""
    uid: str | None = None


class _Sync(Struct):
    status: str = ""
    revision: str | None = None
    revisions: list[str] = []


class _Health(Struct):
    status: str | None = None


class _Resource(Struct, rename="camel"):
    kind: str = ""
    namespace: str = ""
    name: str = ""
    status: str = ""
    requires_pruning: bool = False


class _Condition(Struct):
    type: str = ""
    message: str = ""


class _Status(Struct, rename="camel"):
    sync: _Sync | None = None
    health: _Health | None = None
    resources: list[_Resource] | None = None
    conditions: list[_Condition] = []
    reconciled_at: str | None = None


class _Application(Struct):
    api: str = field(name="apiVersion", default="")
    kind: str = ""
    metadata: _Metadata = field(default_factory=_Metadata)
    status: _Status | None = None
    items: list[_Application] | None = None


def recognises(artifact: Artifact) -> bool:
    keys = json_text.keys(artifact.head)
    if keys.get("kind", "Application") not in {"Application", *_LISTS}:
        return False
    if keys.get("apiVersion", "").startswith(_GROUP):
        return True
    if "items" in keys:
        inside = b'"argoproj.io/' in artifact.head and b'"Application"' in artifact.head
        return inside or keys.get("kind") == "ApplicationList"
    bare = (
        "apiVersion" not in keys
        and "metadata" in keys
        and keys.keys() <= {"kind", "metadata", "spec", "status", "operation"}
    )
    ends = artifact.head + bytes(artifact.data[-4096:])
    return bare and b'"destination"' in ends and b'"sync"' in ends  # argocd itself leaves the kind out


def read(artifact: Artifact) -> Iterator[Facts]:
    found = [application for answer in answers.each(artifact, _Application) for application in _applications(answer)]
    if not found:
        raise Unusable("empty", "lists no application")
    lines = json_text.lines(artifact, ("uid",), (application.metadata.uid or "" for application in found))
    for application in found:
        yield _drift(application, next(lines) if len(found) > 1 else 1)


def _applications(answer: _Application) -> list[_Application]:
    listed = [answer] if answer.items is None else answer.items
    return [one for one in listed if one.kind in ("", "Application") and (not one.api or one.api.startswith(_GROUP))]


def _drift(application: _Application, line: int) -> Drift:
    name = reported.words(application.metadata.name)
    status = application.status or _Status()
    sync = status.sync or _Sync()
    if sync.status not in ("Synced", "OutOfSync"):
        raise Unusable(*_not_compared(name, status, sync), line)
    resources = [resource for resource in status.resources or () if resource.status]  # hooks have no status
    if not resources and sync.status == "Synced":
        raise Unusable("empty", f"{name} is said to be in sync, but none of its resources was compared", line)
    if sync.status == "Synced" and any(resource.status not in ("Synced", "OutOfSync") for resource in resources):
        raise Unusable("tool-error", f"{name} is said to be in sync, but not all of its resources were compared", line)
    differing = [_named(resource) for resource in resources if _differs(resource, sync)]
    health = status.health.status if status.health else None
    return Drift(
        tool="Argo CD",
        commit=_commit(sync),
        made=reported.moment(status.reconciled_at),
        line=line,
        name=name,
        differing=tuple(differing[:_SHOWN]),
        compared=len(resources) if status.resources is not None else None,
        synced=sync.status == "Synced" and not differing,
        healthy=None if health in (None, "", "Unknown") else health == "Healthy",
    )


def _not_compared(name: str, status: _Status, sync: _Sync) -> tuple[str, str]:
    if status.sync is None:
        return "empty", f"the application {name!r} has no `status.sync`: it is declared, but was never compared"
    errors = [condition.message for condition in status.conditions if condition.type.endswith("Error")]
    said = reported.words(errors[0]) if errors else f"its status is {reported.words(sync.status, 40)!r}"
    return "tool-error", f"Argo CD could not compare {name}: {said}"


def _differs(resource: _Resource, sync: _Sync) -> bool:
    """Out of sync. What is only there in excess does not count in an application that is told to overlook that."""
    overlooked = resource.requires_pruning and sync.status == "Synced"
    return resource.status == "OutOfSync" and not overlooked


def _named(resource: _Resource) -> str:
    return reported.words(f"{resource.kind} {'/'.join(filter(None, (resource.namespace, resource.name)))}")


def _commit(sync: _Sync) -> str:
    """The commit that was compared; none when there are several sources."""
    revisions = {revision for revision in (sync.revision, *sync.revisions) if revision}
    revision = revisions.pop() if len(revisions) == 1 else ""
    return revision if _COMMIT.fullmatch(revision) else ""
