from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import installs
from gatekeeper.rule import rule


@rule(
    "docker-pin-apk",
    gate="container-hardening",
    severity="off",
    seed="Best Practices Checklist, Infrastructure as Code: Immutable infrastructure",
    aliases=["DL3018"],
    where=lambda stage: any(installs(stage.commands, "apk")),
)
def pin_apk(stage: Stage) -> Iterator[Finding]:
    """apk installs packages of a version that is named.

    Distributions take old versions off their mirrors, so a pinned version breaks the build some day: a digest of the
    base image is the better way. Here for those who keep a mirror of their own.

    Bad:
    ```dockerfile
    FROM alpine:3.22
    # expect: curl
    RUN apk add --virtual .deps curl
    ```

    Good:
    ```dockerfile
    FROM alpine:3.22
    RUN apk add --virtual .deps curl=8.14.1-r1 "vim>9" ./a.apk
    ```
    """
    for install in installs(stage.commands, "apk"):
        loose = [
            name
            for name in install.names
            if not (any(c in name for c in "=<>~")) and not name.startswith(("$", "/", ".", "@", "http"))
        ]
        if loose:
            yield Finding(install.command.node, f"{loose[0][:60]} without a version", fix=Fix("name its version"))
