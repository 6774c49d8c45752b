from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note
from gatekeeper.models.docker import Dockerfile, Stage
from gatekeeper.rule import rule


@rule(
    "docker-stage-alias-unique",
    gate="container-hardening",
    severity="high",
    seed="4.1 Dockerfile Best Practices",
    aliases=["CKV_DOCKER_11", "DS-0012", "DL3024"],
    where=lambda dockerfile: any(stage.alias for stage in dockerfile.stages),
)
def stage_alias_unique(dockerfile: Dockerfile) -> Iterator[Finding]:
    """No two stages have the same name.

    Docker takes the last one of that name without a word, so what is copied or built from it may be the wrong stage.
    Names are compared without regard to case, as Docker does.

    Bad:
    ```dockerfile
    FROM node:20 AS build
    # expect: Build is the name of the stage in line 1 already
    FROM golang:1.25 as Build
    FROM scratch
    COPY --from=build /app /app
    ```

    Good:
    ```dockerfile
    FROM node:20 AS web
    FROM golang:1.25 AS api
    FROM scratch
    COPY --from=api /app /app
    ```
    """
    first: dict[str, Stage] = {}
    for stage in dockerfile.stages:
        if not stage.alias:
            continue
        earlier = first.setdefault(stage.alias.lower(), stage)
        if earlier is not stage:
            message = f"{stage.alias} is the name of the stage in line {earlier.span.line} already"
            yield Finding(stage, message, (Note(earlier, "the first of that name"),), Fix("give it another name"))
