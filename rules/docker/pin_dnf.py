from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import installs
from gatekeeper.rule import rule


@rule(
    "docker-pin-dnf",
    gate="container-hardening",
    severity="off",
    seed="Best Practices Checklist, Infrastructure as Code: Immutable infrastructure",
    aliases=["DL3041"],
    where=lambda stage: any(installs(stage.commands, "dnf", "microdnf")),
)
def pin_dnf(stage: Stage) -> Iterator[Finding]:
    """dnf installs packages of a version that is named.

    Distributions take old versions off their mirrors, so a pinned version breaks the build some day: a digest of the
    base image is the better way. Here for those who keep a mirror of their own.

    Bad:
    ```dockerfile
    FROM fedora:43
    # expect: curl
    RUN dnf install -y curl
    ```

    Good:
    ```dockerfile
    FROM fedora:43
    RUN dnf install -y curl-8.15.0 a.rpm
    ```
    """
    for install in installs(stage.commands, "dnf", "microdnf"):
        loose = [
            name
            for name in install.names
            if not (any(c.isdigit() for c in name.partition("-")[2]) or name.endswith(".rpm"))
            and not name.startswith(("$", "/", ".", "@", "http"))
        ]
        if loose:
            yield Finding(install.command.node, f"{loose[0][:60]} without a version", fix=Fix("name its version"))
