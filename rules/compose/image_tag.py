from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.compose import Service
from gatekeeper.rule import rule


@rule(
    "compose-image-tag",
    gate="container-hardening",
    severity="medium",
    seed="Best Practices Checklist, Infrastructure as Code: Immutable infrastructure",
    where=lambda service: service.image.present and not service["build"].present and not service.development,
)
def image_tag(service: Service) -> Iterator[Finding]:
    """Every image that is pulled names its version.

    Without a tag, or with `latest`, every `docker compose up` may start another version, and there is none to go back
    to. A digest settles it. Images that the file builds need no tag. Files that say of themselves that they are for
    development, tests or a demonstration are not judged.

    Bad:
    ```yaml compose.yaml
    services:
      # The port is no tag.
      app:
        # expect: no tag
        image: registry.example.com:5000/app
      proxy:
        # expect: pushed last
        image: traefik:latest
    ```

    Good:
    ```yaml compose.yaml
    services:
      app: {image: "registry.example.com:5000/app:1.2.0"}
      own: {build: ., image: own}
      proxy: {image: "traefik@sha256:7bb1ff3fa2d0c4b1b6f3a9f2ab8c0f2d3f5b1c7f6fcb9d1c5e3b7c4ad2b0c1e1"}
    ```

    Unknown, whoever starts it chooses:
    ```yaml compose.yaml
    services:
      app: {image: "ghcr.io/acme/app:${TAG}"}
    ```
    """
    reference = service.reference
    if reference is None or reference.digest:
        return
    if not reference.tag:
        yield Finding(service.image, f"{reference.text} has no tag: it means latest", fix=Fix("write the version"))
    elif reference.tag == "latest":
        yield Finding(service.image, f"{reference.text} is whatever was pushed last", fix=Fix("write the version"))
