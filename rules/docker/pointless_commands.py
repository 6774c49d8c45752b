from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule

_POINTLESS = frozenset(
    {
        "free",
        "ifconfig",
        "kill",
        "mount",
        "nano",
        "ps",
        "reboot",
        "service",
        "shutdown",
        "ssh",
        "systemctl",
        "top",
        "vim",
    }
)


@rule(
    "docker-pointless-command",
    gate="container-hardening",
    severity="low",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3001"],
    where=lambda stage: bool(stage.instructions("RUN")),
)
def pointless_command(stage: Stage) -> Iterator[Finding]:
    """No RUN does what a build cannot keep.

    A service that is started, a file system that is mounted, a list of processes: they are gone when the layer is
    written.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: service
    RUN service nginx start
    ```

    Good:
    ```dockerfile
    FROM debian:13
    RUN apt-get install -y vim ssh && systemctl enable nginx && echo "service x start"
    RUN --mount=type=ssh ssh -T git@example.com
    ```
    """
    for command in stage.commands:
        enables = command.program == "systemctl" and {"enable", "disable", "mask"} & set(command.words)
        with_key = command.program == "ssh" and any(flag.name == "mount" for flag in command.instruction.flags)
        if command.program in _POINTLESS and not enables and not with_key:
            yield Finding(command.node, f"{command.program} leaves nothing in the image", fix=Fix("take it out"))
