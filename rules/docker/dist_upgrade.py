from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.docker import Command, Stage
from gatekeeper.models.packages import verb_of
from gatekeeper.rule import Answer, rule

_VERBS = {
    "apt-get": {"dist-upgrade"},
    "apt": {"dist-upgrade", "full-upgrade"},
    "zypper": {"dist-upgrade", "dup"},
}


def _upgrades(command: Command) -> bool:
    return verb_of(command) in _VERBS.get(command.program, ())


@rule(
    "docker-dist-upgrade",
    gate="container-hardening",
    severity="low",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DS-0024", "DL3035"],
    where=lambda stage: bool(stage.instructions("RUN")),
)
def dist_upgrade(stage: Stage) -> Iterator[Answer]:
    """No RUN upgrades the whole distribution.

    `dist-upgrade` replaces and removes packages of the base image as it sees fit: take a newer base image instead.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: dist-upgrade
    RUN apt-get update && apt-get -y dist-upgrade
    ```

    Good:
    ```dockerfile
    FROM debian:13
    RUN apt-get update && apt-get upgrade -y && echo dist-upgrade
    ```
    """
    for command in stage.commands:
        if _upgrades(command):
            yield Finding(command.node, f"{command.program} {verb_of(command)}", fix=Fix("a newer base image"))
    yield from (Unknown(node, why) for node, why in stage.unread("dist-upgrade"))
