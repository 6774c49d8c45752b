from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-run-cd",
    gate="container-hardening",
    severity="off",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DS-0013", "DL3003"],
    where=lambda stage: bool(stage.instructions("RUN")),
)
def run_cd(stage: Stage) -> Iterator[Finding]:
    """WORKDIR names the folder, not `cd` in a RUN.

    A `cd` ends with its RUN; the next instruction is somewhere else again.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: cd
    RUN cd /app && make
    ```

    Good:
    ```dockerfile
    FROM debian:13
    WORKDIR /app
    RUN make && echo "cd /x"
    ```
    """
    for command in stage.commands:
        if command.program == "cd":
            yield Finding(command.node, "cd in a RUN", fix=Fix("WORKDIR above it"))
