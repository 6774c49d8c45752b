from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-copy-from-self",
    gate="container-hardening",
    severity="high",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DS-0006", "DL3023"],
    where=lambda stage: any(copy.origin is not None for copy in stage.copies),
)
def copy_from_self(stage: Stage) -> Iterator[Finding]:
    """No stage copies from itself.

    A stage does not exist before it is built: the build stops here, or takes an image of that name from a registry. A
    later stage and an unknown name are docker-copy-from-unknown's.

    Bad:
    ```dockerfile
    FROM node:20 AS web
    # expect: web copies from itself
    COPY --from=Web /app /srv
    ```

    Bad, by number:
    ```dockerfile
    FROM golang:1.25
    FROM alpine:3.22
    # expect: copies from itself
    COPY --from=1 /app /app
    ```

    Good:
    ```dockerfile
    FROM golang:1.25 AS build
    FROM alpine:3.22 AS app
    COPY --from=build /app /app
    COPY --from=0 /lib /lib
    ```
    """
    names = {str(stage.index), stage.alias.lower()} - {""}
    names -= {earlier.alias.lower() for earlier in stage.previous}
    for copy in stage.copies:
        origin = stage.expanded(copy.origin, copy.instruction) if copy.origin is not None else None
        if origin is not None and origin.known and origin.text.lower() in names:
            yield Finding(origin, f"{stage.alias or 'the stage'} copies from itself", fix=Fix("name an earlier stage"))
