from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-consecutive-run",
    gate="container-hardening",
    severity="off",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3059"],
    where=lambda stage: bool(stage.instructions("RUN")),
)
def consecutive_run(stage: Stage) -> Iterator[Finding]:
    """Instructions that belong together are one RUN.

    Every RUN is a layer; but layers are also what the cache keeps, so this is a matter of taste.

    Bad:
    ```dockerfile
    FROM debian:13
    RUN a
    # expect: right after another
    RUN b
    ```

    Good:
    ```dockerfile
    FROM debian:13
    RUN a
    WORKDIR /x
    RUN b
    RUN --mount=type=cache,target=/c c
    ```
    """
    for before, each in zip(stage.body, stage.body[1:], strict=False):
        if before.kind == each.kind == "RUN" and not before.flags and not each.flags:
            yield Finding(each.node, "a RUN right after another", fix=Fix("join them with &&"))
