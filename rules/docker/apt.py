from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix, Unknown
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import verb_of
from gatekeeper.rule import Answer, Place, rule

_SAME = frozenset({"install", "update", "upgrade", "remove", "purge", "autoremove", "clean", "autoclean", "build-dep"})


@rule(
    "docker-apt",
    gate="container-hardening",
    severity="low",
    seed="4.1 Dockerfile Best Practices",
    aliases=["CKV_DOCKER_9", "DL3027"],
    where=lambda stage: bool(stage.instructions("RUN")),
    fixable=True,
)
def apt(stage: Stage) -> Iterator[Answer]:
    """Scripts call apt-get, not apt.

    `apt` is for people: its options and output change between releases, as its own manual says.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: apt
    RUN DEBIAN_FRONTEND=noninteractive apt -y install curl
    ```

    Good:
    ```dockerfile
    FROM debian:13
    RUN apt-get update && apt-get install -y apt apt-utils && rm -rf /var/lib/apt && echo 'apt install'
    ```
    """
    for command in stage.commands:
        if command.program == "apt":
            edits: tuple[Edit, ...] = ()
            if command.simple and command.words[0] == "apt" and verb_of(command) in _SAME:
                at = command.at(0)
                edits = (Edit(Place(at.source, at.span), "apt-get"),) if at.source.slice(at.span) == "apt" else ()
            yield Finding(command.node, "apt in a script", fix=Fix("apt-get instead of apt", edits))
    yield from (Unknown(node, f"whether apt is used: {why}") for node, why in stage.unread("apt "))
