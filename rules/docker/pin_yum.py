from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import installs
from gatekeeper.rule import rule


@rule(
    "docker-pin-yum",
    gate="container-hardening",
    severity="off",
    seed="Best Practices Checklist, Infrastructure as Code: Immutable infrastructure",
    aliases=["DL3033"],
    where=lambda stage: any(installs(stage.commands, "yum")),
)
def pin_yum(stage: Stage) -> Iterator[Finding]:
    """yum installs packages of a version that is named.

    Distributions take old versions off their mirrors, so a pinned version breaks the build some day: a digest of the
    base image is the better way. Here for those who keep a mirror of their own.

    Bad:
    ```dockerfile
    FROM centos:7
    # expect: curl
    RUN yum install -y curl
    ```

    Good:
    ```dockerfile
    FROM centos:7
    RUN yum install -y curl-7.29.0 a.rpm
    ```
    """
    for install in installs(stage.commands, "yum"):
        loose = [
            name
            for name in install.names
            if not (any(c.isdigit() for c in name.partition("-")[2]) or name.endswith(".rpm"))
            and not name.startswith(("$", "/", ".", "@", "http"))
        ]
        if loose:
            yield Finding(install.command.node, f"{loose[0][:60]} without a version", fix=Fix("name its version"))
