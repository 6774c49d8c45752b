from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-wget-and-curl",
    gate="container-hardening",
    severity="off",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DS-0014", "DL4001"],
    where=lambda stage: bool(stage.instructions("RUN")),
)
def wget_and_curl(stage: Stage) -> Iterator[Finding]:
    """One of curl and wget is enough.

    Each is one more package to keep up to date.

    Bad:
    ```dockerfile
    FROM debian:13
    RUN curl https://example.com/a
    # expect: wget
    RUN wget https://example.com/b
    ```

    Good:
    ```dockerfile
    FROM debian:13 AS a
    RUN curl https://example.com/a; echo "wget"
    FROM debian:13
    RUN wget https://example.com/b
    ```
    """
    used = {command.program: command for command in reversed(stage.commands) if command.program in ("curl", "wget")}
    if len(used) == 2:
        yield Finding(used["wget"].node, "wget, and curl as well", fix=Fix("keep one of the two"))
