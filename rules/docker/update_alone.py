from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.docker import Command, Stage
from gatekeeper.models.packages import verb_of
from gatekeeper.rule import Answer, rule

_UPDATES = {"apt-get": {"update"}, "apt": {"update"}, "apk": {"update"}, "zypper": {"refresh", "ref"}}
_WORDS = ("apt-get update", "apk update")
_HARMLESS = frozenset(
    {
        "apt-key", "apt-mark", "cat", "cd", "chmod", "chown", "cp", "curl", "debconf-set-selections", "dpkg",
        "dpkg-reconfigure", "echo", "export", "gpg", "ln", "ls", "mkdir", "mv", "printf", "rm", "sed", "set", "tee",
        "test", "[", "touch", "true", "wget", "tar", "grep", "sleep", "add-apt-repository",
    }
)  # fmt: skip


def _updates(command: Command) -> bool:
    return verb_of(command) in _UPDATES.get(command.program, ())


@rule(
    "docker-update-alone",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    aliases=["CKV_DOCKER_5", "DS-0017"],
    where=lambda stage: any(map(_updates, stage.commands)) or any(stage.unread(*_WORDS)),
)
def update_alone(stage: Stage) -> Iterator[Answer]:
    """The package index is updated where packages are installed.

    In a RUN of its own the update is a layer that is kept: later builds install from an old index, until a package it
    names is gone and the build breaks. `update` counts as used where the same RUN installs or upgrades, or runs a
    program that may; and where the index lies in a cache mount.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: without an install
    RUN apt-get update
    RUN apt-get install -y curl
    ```

    Bad, cleaning is no use of it:
    ```dockerfile
    FROM alpine:3.22
    # expect: without an install
    RUN apk -q update && rm -rf /var/cache/apk
    ```

    Good:
    ```dockerfile
    FROM debian:13
    RUN apt-get update -qq && apt-get install -y curl
    RUN apt-get update; apt-get -y upgrade
    RUN apt-get update && npx playwright install-deps
    RUN --mount=type=cache,target=/var/lib/apt apt-get update
    ```
    """
    for run in stage.instructions("RUN"):
        commands = stage.commands_of(run)
        updates = [command for command in commands if _updates(command)]
        if not updates or any("type=cache" in flag.value.text for flag in run.flags):
            continue
        others = [command for command in commands if not _updates(command) and not _only_cleans(command)]
        if not others:
            yield Finding(
                updates[0].node, "updates the index without an install", fix=Fix("update and install in the same RUN")
            )
    yield from (Unknown(node, why) for node, why in stage.unread(*_WORDS))


def _only_cleans(command: Command) -> bool:
    if command.program in _UPDATES:
        return verb_of(command) in ("clean", "autoclean", "autoremove", "cache", "remove", "purge", "del", "")
    return command.program in _HARMLESS
