"""What Compose files say about the containers that they start from a Dockerfile of this repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from gatekeeper.models import Subject
from gatekeeper.models.docker import Dockerfile, Stage
from gatekeeper.node import Node
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.compose import Service


def healthchecks_of(dockerfile: Dockerfile, project: Project) -> dict[str, Node | None]:
    """The healthcheck of each service built from it, by the service's name; None for one that no file gives any."""
    found: dict[str, Node | None] = {}
    model = Subject.registry.get("compose.Service")
    for service in cast("list[Service]", project.all(model)) if model else ():
        if service.dockerfile == dockerfile.path:
            found[service.service_name] = checked(service) or found.get(service.service_name)
    return found


def published(dockerfile: Dockerfile, project: Project) -> Node | None:
    """The ports at which a service built from it is reached from outside; None when no service names any."""
    model = Subject.registry.get("compose.Service")
    for service in cast("list[Service]", project.all(model)) if model else ():
        if service.dockerfile == dockerfile.path and service["ports"].present:
            return service["ports"]
    return None


def checked(service: Service) -> Node | None:
    """The healthcheck of a service; None when it has none, or switches it off."""
    check = service["healthcheck"]
    test = check["test"]
    first = test[0] if test.is_list else test
    off = check["disable"].known and check["disable"] == True  # noqa: E712  # a node compares by value
    return None if off or not check.is_mapping or (first.known and first.text in ("", "NONE")) else check


def stage_of(service: Service, project: Project) -> Stage | None:
    """The stage that a service is built from; None when it is pulled, or built elsewhere."""
    path = service.dockerfile
    found = next((each for each in project.all(Dockerfile) if each.path == path), None) if path else None
    if found is None:
        return None
    target = service["build"]["target"] if service["build"].is_mapping else None
    return found.target(target.text) if target is not None and target.present else found.final
