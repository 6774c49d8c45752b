from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links.compose import stage_of
from gatekeeper.models.base_images import steps_down, user_of
from gatekeeper.models.compose import Service
from gatekeeper.rule import Answer, rule


def _steps_down(service: Service) -> bool:
    """Whether the entrypoint of its official image becomes a user of its own, and is not replaced."""
    return bool(service.reference and steps_down(service.reference)) and not service["entrypoint"].present


@rule(
    "compose-nonroot",
    gate="container-hardening",
    severity="medium",
    seed="7. Security Checklist",
    where=lambda service: service.whole and not service.development,
)
def nonroot(service: Service, project: Project) -> Iterator[Answer]:
    """Every service runs as a user other than root.

    What counts is the service's own `user`, else the stage of the Dockerfile that it is built from, else the user that
    a well-known image is configured with. An image that nobody here knows is UNKNOWN. The official images of databases
    start as root, and their entrypoint changes to a user of its own: graded low. Files that say of themselves that they
    are for development, tests or a demonstration are not judged.

    Bad:
    ```yaml compose.yaml
    services:
      web:
        image: nginx:1.29
        # expect: user 0:0 is root
        user: "0:0"
      cache:
        # expect: starts as root
        image: redis:8.2
      proxy:
        # expect: runs as root
        image: traefik:3.5
    ```

    Bad, the Dockerfile's user:
    ```dockerfile app/Dockerfile
    FROM node:22-alpine
    CMD ["node", "main.js"]
    ```
    ```yaml compose.yaml
    services:
      app:
        # expect: runs as root
        build: app
    ```

    Good:
    ```dockerfile app/Dockerfile
    FROM node:22-alpine
    USER 1000
    ```
    ```yaml compose.yaml
    services:
      app: {build: {context: app}}
      cache: {image: "redis:8.2", user: "999"}
      web: {image: "nginxinc/nginx-unprivileged:1.29"}
    ```

    Unknown, nobody here knows that image:
    ```yaml compose.yaml
    services:
      app: {image: "registry.example.com/app:1.2.0"}
    ```
    """
    own = service["user"]
    if own.present and own.text:
        if own.text.partition(":")[0].lstrip("0") in ("", "root"):
            yield Finding(own, f"user {own.text} is root", fix=Fix("name a user that is not root"))
        return
    stage = stage_of(service, project)
    at = service["build"] if service["build"].present else service.image
    pulled = user_of(service.reference).kind if service.reference else "unknown"
    kind = stage.runs_as.kind if stage else pulled
    if kind == "unknown":
        yield Unknown(at, f"the user of the image of {service.service_name} is not known")
    elif kind == "root" and not stage and _steps_down(service):
        words = f"{service.service_name} starts as root, and its entrypoint changes to another user"
        yield Finding(at, words, fix=Fix("set `user`"), severity="low")
    elif kind == "root":
        see = (Note(stage.runs_as.at, "the image's user"),) if stage else ()
        yield Finding(at, f"{service.service_name} runs as root: its image does", see, Fix("set `user`"))
