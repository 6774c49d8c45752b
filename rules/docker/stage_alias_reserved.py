from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-stage-alias-reserved",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3063"],
    where=lambda stage: bool(stage.alias),
)
def stage_alias_reserved(stage: Stage) -> Iterator[Finding]:
    """No stage is called `scratch` or `context`.

    `scratch` is the empty image and `context` the files of the build: what copies from or builds upon that name gets
    another thing than it seems.

    Bad:
    ```dockerfile
    # expect: scratch
    FROM golang:1.25 AS Scratch
    ```

    Good:
    ```dockerfile
    FROM golang:1.25 AS build
    FROM scratch AS contexts
    ```
    """
    if stage.alias.lower() in ("scratch", "context"):
        yield Finding(stage, f"a stage called {stage.alias.lower()}", fix=Fix("give it another name"))
