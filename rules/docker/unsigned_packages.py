from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.docker import Command, Stage
from gatekeeper.models.packages import install_of, verifies
from gatekeeper.rule import Answer, rule

_OPTIONS = {
    "apt-get": ("--allow-unauthenticated", "--force-yes"),
    "apt": ("--allow-unauthenticated", "--force-yes"),
    "apk": ("--allow-untrusted",),
    "yum": ("--nogpgcheck", "--no-gpgchecks"),
    "dnf": ("--nogpgcheck", "--no-gpgchecks"),
    "tdnf": ("--nogpgcheck", "--no-gpgchecks"),
    "microdnf": ("--nogpgcheck", "--no-gpgchecks"),
    "zypper": ("--no-gpg-checks",),
    "rpm": ("--nosignature",),
}
_SETTINGS = ("allowunauthenticated=true", "allowunauthenticated=1", "gpgcheck=0", "gpgcheck=false")
_WORDS = ("--allow-un", "--force-yes", "--nogpgcheck", "--no-gpg", "--nosignature")


def _switches_off(command: Command) -> str:
    options = _OPTIONS.get(command.program, ())
    for word in command.words[1:]:
        if word in options or (options and word.lower().endswith(_SETTINGS)):
            return word
    return ""


def _from_the_context(stage: Stage, command: Command) -> bool:
    """Whether it installs only files that nothing in the stage downloads: they come from the build context."""
    install = install_of(command)
    names = install.names if install else []
    if not names or not all(
        name.startswith(("/", "./", "$")) or name.endswith((".apk", ".rpm", ".deb")) for name in names
    ):
        return False
    fetched = [each for each in stage.commands if each.program in ("curl", "wget")]
    return not fetched and not any("://" in name for name in names)


@rule(
    "docker-unsigned-packages",
    gate="container-hardening",
    severity="high",
    seed="6.1 Security Hardening",
    aliases=["CKV2_DOCKER_7", "CKV2_DOCKER_8", "CKV2_DOCKER_9", "CKV2_DOCKER_10", "CKV2_DOCKER_11"],
    where=lambda stage: bool(stage.instructions("RUN")),
)
def unsigned_packages(stage: Stage) -> Iterator[Answer]:
    """Packages are installed only when their signature holds.

    Without it whoever sits between the build and the mirror decides what comes into the image. A RUN that checks a
    checksum or a signature itself is left alone, and so are package files of the build context: nobody signs those.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: --allow-unauthenticated
    RUN apt-get update && apt-get install -y --allow-unauthenticated curl
    ```

    Bad, the others:
    ```dockerfile
    FROM fedora:43
    # expect: --nogpgcheck
    RUN dnf -y --nogpgcheck install curl
    # expect: --setopt=gpgcheck=0
    RUN yum -y --setopt=gpgcheck=0 install curl
    # expect: --allow-untrusted
    RUN wget https://example.com/x.apk -O /tmp/x.apk && apk add --allow-untrusted /tmp/x.apk
    # expect: --nosignature
    RUN rpm -i --nosignature https://example.com/a.rpm
    ```

    Good:
    ```dockerfile
    FROM alpine:3.22
    RUN apk add curl && echo "apk add --allow-untrusted x"
    RUN apk add --allow-untrusted /tmp/app_*.apk
    RUN sha256sum -c sums && apk add --allow-untrusted /tmp/x.apk
    ```
    """
    for run in stage.instructions("RUN"):
        commands = stage.commands_of(run)
        found = [
            (command, option)
            for command in commands
            if (option := _switches_off(command)) and not _from_the_context(stage, command)
        ]
        if found and not verifies(commands):
            for command, option in found:
                message = f"{command.program} installs without checking signatures: {option[:60]}"
                yield Finding(command.node, message, fix=Fix("install the repository's key, and check"))
    yield from (Unknown(node, f"whether signatures are checked: {why}") for node, why in stage.unread(*_WORDS))
