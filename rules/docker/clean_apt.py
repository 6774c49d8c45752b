from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import installs
from gatekeeper.rule import rule


@rule(
    "docker-clean-apt",
    gate="container-hardening",
    severity="off",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3009"],
    where=lambda stage: any(installs(stage.commands, "apt")),
)
def clean_apt(stage: Stage) -> Iterator[Finding]:
    """apt's lists are removed in the layer that fetched them.

    What stays in the layer makes every image upon it larger. A cache mount keeps it out too.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: lists stay
    RUN apt-get update && apt-get install -y curl
    ```

    Good:
    ```dockerfile
    FROM debian:13
    RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
    RUN --mount=type=cache,target=/var/lib/apt apt-get install -y vim
    ```
    """
    for install in installs(stage.commands, "apt"):
        run = install.command.instruction
        cached = any("type=cache" in flag.value.text for flag in run.flags)
        same = stage.commands_of(run)
        if not cached and not (
            any(each.program == "rm" and any("/var/lib/apt" in word for word in each.words) for each in same)
        ):
            yield Finding(
                install.command.node,
                "the lists stay in the layer",
                fix=Fix("rm -rf /var/lib/apt/lists/* in the same RUN"),
            )
