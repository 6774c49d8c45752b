from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import installs
from gatekeeper.rule import rule


@rule(
    "docker-apk-no-cache",
    gate="container-hardening",
    severity="off",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DS-0025", "DL3019"],
    where=lambda stage: any(installs(stage.commands, "apk")),
)
def apk_no_cache(stage: Stage) -> Iterator[Finding]:
    """apk leaves no index behind.

    What stays in the layer makes every image upon it larger. A cache mount keeps it out too.

    Bad:
    ```dockerfile
    FROM alpine:3.22
    # expect: index stays
    RUN apk add curl
    ```

    Good:
    ```dockerfile
    FROM alpine:3.22
    RUN apk add --no-cache curl
    RUN apk add --update vim && rm -rf /var/cache/apk/*
    ```
    """
    for install in installs(stage.commands, "apk"):
        run = install.command.instruction
        cached = any("type=cache" in flag.value.text for flag in run.flags)
        same = stage.commands_of(run)
        if not cached and not (
            install.command.has("--no-cache")
            or any(each.program == "rm" and any("/var/cache/apk" in word for word in each.words) for each in same)
        ):
            yield Finding(install.command.node, "the index stays in the layer", fix=Fix("apk add --no-cache"))
