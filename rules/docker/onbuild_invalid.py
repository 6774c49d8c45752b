from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-onbuild-invalid",
    gate="container-hardening",
    severity="high",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3043"],
    where=lambda stage: bool(stage.instructions("ONBUILD")),
)
def onbuild_invalid(stage: Stage) -> Iterator[Finding]:
    """ONBUILD hands on neither FROM nor MAINTAINER nor another ONBUILD.

    Docker refuses these triggers: the image builds, and every image that is built upon it does not.

    Bad:
    ```dockerfile
    FROM node:20
    # expect: FROM
    ONBUILD FROM alpine:3.22
    # expect: ONBUILD
    ONBUILD ONBUILD RUN npm ci
    # expect: MAINTAINER
    onbuild maintainer me
    ```

    Good:
    ```dockerfile
    FROM node:20
    ONBUILD COPY . /app
    ```
    """
    for each in stage.instructions("ONBUILD"):
        if each.trigger and each.trigger.kind in ("ONBUILD", "FROM", "MAINTAINER"):
            yield Finding(each.node, f"ONBUILD {each.trigger.kind} is refused", fix=Fix("take it out"))
