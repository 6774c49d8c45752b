from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-wget-progress",
    gate="container-hardening",
    severity="off",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3047"],
    where=lambda stage: bool(stage.instructions("RUN")),
)
def wget_progress(stage: Stage) -> Iterator[Finding]:
    """wget prints no progress into the build log.

    Its bar is a line for every few kilobytes.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: progress
    RUN wget https://example.com/b
    ```

    Good:
    ```dockerfile
    FROM debian:13
    RUN wget -qO- https://example.com/b; wget --progress=dot:giga https://example.com/b; wget -nv x
    ```
    """
    for command in stage.commands:
        if command.program == "wget" and not command.has(
            "-q", "--quiet", "-nv", "--no-verbose", "--progress", "-o", "-a"
        ):
            yield Finding(command.node, "wget prints its progress", fix=Fix("wget --progress=dot:giga"))
