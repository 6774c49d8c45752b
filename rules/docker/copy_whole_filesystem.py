from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Copy, Stage
from gatekeeper.models.image import ImageReference
from gatekeeper.rule import rule


def _everything(copy: Copy) -> bool:
    target = copy.instruction.words[-1].text.strip("\"'") if copy.instruction.words else ""
    return target == "/" and any(source.known and source.text == "/" for source in copy.sources)


@rule(
    "docker-copy-whole-filesystem",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3067"],
    where=lambda stage: any(copy.origin is not None for copy in stage.copies),
)
def copy_whole_filesystem(stage: Stage) -> Iterator[Finding]:
    """No stage takes the whole file system of another.

    `COPY --from=build / /` brings along the compilers, the sources and the caches that the stages were split for, and
    overwrites the base image's files. Onto `scratch` it makes one layer of an image, which is a thing to want.

    Bad:
    ```dockerfile
    FROM golang:1.25 AS build
    FROM alpine:3.22
    # expect: whole file system
    COPY --from=build / /
    ```

    Good:
    ```dockerfile
    FROM golang:1.25 AS build
    COPY . /
    FROM scratch AS flat
    COPY --from=build / /
    FROM alpine:3.22
    COPY --from=build /app /
    ```
    """
    base = stage.base
    if isinstance(base, ImageReference) and base.is_scratch:
        return
    for copy in stage.copies:
        if copy.origin is not None and _everything(copy):
            yield Finding(copy.instruction.node, "takes the whole file system", fix=Fix("copy the paths it needs"))
