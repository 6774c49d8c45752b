from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Note, Project, Unknown
from gatekeeper.links import containers_of
from gatekeeper.links.compose import published
from gatekeeper.models.base_images import opens_nothing
from gatekeeper.models.docker import Stage
from gatekeeper.models.image import ImageReference
from gatekeeper.rule import Answer, rule


def _ports(stage: Stage, project: Project) -> Node | None:
    """Where somebody says that it is reached at a port: a container's ports, or a Compose service's."""
    for container in containers_of(stage.dockerfile, project):
        ports = container.node["ports"]
        if ports.present and (not ports.known or (ports.is_list and len(ports))):
            return ports
    return published(stage.dockerfile, project)


@rule(
    "docker-expose-missing",
    gate="container-hardening",
    severity="low",
    seed="4.1 Dockerfile Best Practices",
    where=lambda stage, project: stage.ships and _ports(stage, project) is not None,
)
def expose_missing(stage: Stage, project: Project) -> Iterator[Answer]:
    """An image that is reached at a port says which.

    EXPOSE opens nothing; it tells whoever runs the image where it listens, and tools read it. Asked only of images that
    a workload or a Compose service of this repository reaches at a port. A base image may have an EXPOSE of its own:
    one that is not known is not judged.

    Bad:
    ```dockerfile app/Dockerfile
    # expect: no EXPOSE
    FROM node:20-alpine
    CMD ["node", "main.js"]
    ```
    ```yaml compose.yaml
    services:
      app:
        build: app
        ports: ["3000:3000"]
    ```

    Good:
    ```dockerfile app/Dockerfile
    FROM node:20-alpine
    EXPOSE 3000
    CMD ["node", "main.js"]
    ```
    ```yaml compose.yaml
    services:
      app:
        build: app
        ports: ["3000:3000"]
    ```

    Unknown:
    ```dockerfile app/Dockerfile
    FROM nginx:1.29
    ```
    ```yaml compose.yaml
    services:
      app: {build: app, ports: ["80:80"]}
    ```
    """
    if any(each.instructions("EXPOSE") for each in stage.lineage):
        return
    image = stage.root_image
    if not isinstance(image, ImageReference) or not opens_nothing(image):
        yield Unknown(stage, "no EXPOSE here; whether the base image has one is not known")
        return
    at = _ports(stage, project)
    note = (Note(at, "where it is reached"),) if at is not None else ()
    yield Finding(stage, "no EXPOSE in an image that is reached at a port", note, Fix("EXPOSE the port it listens at"))
