from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-shell-by-ln",
    gate="container-hardening",
    severity="off",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL4005"],
    where=lambda stage: bool(stage.instructions("RUN")),
)
def shell_by_ln(stage: Stage) -> Iterator[Finding]:
    """SHELL names the shell, not a link in /bin.

    Programs of the distribution call /bin/sh and expect theirs.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: /bin/sh
    RUN ln -sf /bin/bash /bin/sh
    ```

    Good:
    ```dockerfile
    FROM debian:13
    SHELL ["/bin/bash", "-c"]
    RUN ln -s /bin/sh /bin/x
    ```
    """
    for command in stage.commands:
        if command.program == "ln" and command.words[-1] in ("/bin/sh", "/usr/bin/sh"):
            yield Finding(command.node, "another shell in place of /bin/sh", fix=Fix("SHELL"))
