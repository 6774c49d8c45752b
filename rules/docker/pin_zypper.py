from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import installs
from gatekeeper.rule import rule


@rule(
    "docker-pin-zypper",
    gate="container-hardening",
    severity="off",
    seed="Best Practices Checklist, Infrastructure as Code: Immutable infrastructure",
    aliases=["DL3037"],
    where=lambda stage: any(installs(stage.commands, "zypper")),
)
def pin_zypper(stage: Stage) -> Iterator[Finding]:
    """zypper installs packages of a version that is named.

    Distributions take old versions off their mirrors, so a pinned version breaks the build some day: a digest of the
    base image is the better way. Here for those who keep a mirror of their own.

    Bad:
    ```dockerfile
    FROM opensuse/leap:15.6
    # expect: curl
    RUN zypper -n install curl
    ```

    Good:
    ```dockerfile
    FROM opensuse/leap:15.6
    RUN zypper -n install "curl=8.6" a.rpm
    ```
    """
    for install in installs(stage.commands, "zypper"):
        loose = [
            name
            for name in install.names
            if not (any(c in name for c in "=<>~") or name.endswith(".rpm"))
            and not name.startswith(("$", "/", ".", "@", "http"))
        ]
        if loose:
            yield Finding(install.command.node, f"{loose[0][:60]} without a version", fix=Fix("name its version"))
