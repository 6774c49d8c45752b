from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.docker import Command, Stage
from gatekeeper.rule import Answer, rule


def _sets_password(command: Command) -> bool:
    if command.program == "chpasswd":
        return not command.has("-h", "--help")
    if command.program == "passwd":
        return command.has("--stdin")
    return command.program in ("useradd", "usermod") and command.has("-p", "--password")


@rule(
    "docker-chpasswd",
    gate="secrets",
    severity="high",
    seed="6.2 Secrets Management",
    aliases=["CKV2_DOCKER_17"],
    where=lambda stage: bool(stage.instructions("RUN")),
)
def chpasswd(stage: Stage) -> Iterator[Answer]:
    """No RUN gives a user a password.

    It stands in the image's history and in a layer, as text or as a hash: whoever can pull the image has it. A
    container needs none: nobody logs in.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: chpasswd
    RUN useradd app && echo 'app:hunter2' | chpasswd
    ```

    Bad, other ways:
    ```dockerfile
    FROM fedora:43
    # expect: passwd
    RUN echo hunter2 | passwd --stdin app
    # expect: usermod
    RUN usermod -p '$6$abc' app
    ```

    Good:
    ```dockerfile
    FROM debian:13
    RUN useradd -m app && passwd -l app && adduser --disabled-password x && apt-get install -y passwd chpasswd
    ```

    Unknown, it comes from a secret:
    ```dockerfile
    FROM debian:13
    RUN --mount=type=secret,id=pass chpasswd < /run/secrets/pass
    ```
    """
    for command in stage.commands:
        if not _sets_password(command):
            continue
        secret = any("type=secret" in flag.value.text for flag in command.instruction.flags)
        if secret:
            yield Unknown(command.node, "a password that comes from a secret, and stays in a layer as a hash")
        else:
            yield Finding(command.node, f"{command.program} sets a password", fix=Fix("a user without a password"))
    yield from (Unknown(node, f"whether a password is set: {why}") for node, why in stage.unread("passwd"))
