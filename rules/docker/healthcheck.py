from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-healthcheck",
    gate="container-hardening",
    severity="low",
    seed="4.1 Dockerfile Best Practices",
    aliases=["CKV_DOCKER_2", "DS-0026", "DL3057"],
    where=lambda stage: stage.ships,
)
def healthcheck(stage: Stage) -> Iterator[Finding]:
    """The image says how to tell whether it is healthy.

    Without HEALTHCHECK Docker and Compose know only whether the process lives. One in the stage that ships, or in what
    it is built from, counts; one in another build stage does not, and `HEALTHCHECK NONE` takes it back.

    Bad:
    ```dockerfile
    FROM node:20 AS build
    HEALTHCHECK CMD node health.js
    # expect: no HEALTHCHECK
    FROM node:20-alpine
    CMD ["node", "main.js"]
    ```

    Bad, taken back:
    ```dockerfile
    FROM node:20 AS base
    HEALTHCHECK CMD node health.js
    FROM base
    # expect: NONE
    HEALTHCHECK NONE
    ```

    Good:
    ```dockerfile
    FROM node:20 AS base
    HEALTHCHECK --interval=30s CMD node health.js
    FROM base
    CMD ["node", "main.js"]
    ```
    """
    if stage.healthcheck:
        return
    last = stage.last("HEALTHCHECK")
    fix = Fix("HEALTHCHECK CMD with a program that the image holds")
    if last:
        yield Finding(last[1].node, "HEALTHCHECK NONE takes the check back", fix=fix)
    else:
        yield Finding(stage, "no HEALTHCHECK in the stage that ships", fix=fix)
