"""What compose files say about the containers that they start from a Dockerfile of this repository."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gatekeeper.discover import Unreadable
from gatekeeper.models.docker import Dockerfile
from gatekeeper.node import Node, regex
from gatekeeper.parsers import yaml
from gatekeeper.project import Project

_FILE = regex(r"(?:docker-)?compose[\w.-]*\.ya?ml\Z")


def healthchecks_of(dockerfile: Dockerfile, project: Project) -> dict[str, Node | None]:
    """The healthcheck of each service built from it, by the service's name; None for one that no file gives any."""
    found: dict[str, Node | None] = {}
    for path, service, node in project.once("compose services", lambda project: [*_services(project)]):
        if path == dockerfile.path:
            check = node["healthcheck"]
            found[service] = check if _checks(check) else found.get(service)
    return found


def _services(project: Project) -> Iterator[tuple[str, str, Node]]:
    for path in project.tree.paths:
        if not _FILE.match(posixpath.basename(path)):
            continue
        try:
            documents = project.tree.source(path).once(yaml.parse).nodes
        except Unreadable:
            continue
        for document in documents:
            services = document["services"]
            for name, service in services.items() if services.is_mapping else ():
                file = _dockerfile(service["build"], posixpath.dirname(path))
                if file:
                    yield file, name, service


def _dockerfile(build: Node, folder: str) -> str:
    """The path of the Dockerfile that a service is built from; '' when it is not built, or from elsewhere."""
    if not build.present or build.is_list:
        return ""
    context = (build["context"] if build.is_mapping else build).text or "."
    if "://" in context or "$" in context:
        return ""
    return posixpath.normpath(posixpath.join(folder, context, build["dockerfile"].text or "Dockerfile"))


def _checks(healthcheck: Node) -> bool:
    test = healthcheck["test"]
    first = (test[0] if test.is_list else test).text
    return healthcheck.is_mapping and healthcheck["disable"] != True and first not in ("", "NONE")  # noqa: E712  # a node
