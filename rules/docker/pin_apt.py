from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import installs
from gatekeeper.rule import rule


@rule(
    "docker-pin-apt",
    gate="container-hardening",
    severity="off",
    seed="Best Practices Checklist, Infrastructure as Code: Immutable infrastructure",
    aliases=["DL3008"],
    where=lambda stage: any(installs(stage.commands, "apt")),
)
def pin_apt(stage: Stage) -> Iterator[Finding]:
    """apt-get installs packages of a version that is named.

    Distributions take old versions off their mirrors, so a pinned version breaks the build some day: a digest of the
    base image is the better way. Here for those who keep a mirror of their own.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: curl
    RUN apt-get install -y curl
    ```

    Good:
    ```dockerfile
    FROM debian:13
    RUN apt-get install -y curl=8.14.1-2 ./a.deb $PACKAGES
    ```
    """
    for install in installs(stage.commands, "apt"):
        loose = [
            name
            for name in install.names
            if not ("=" in name or name.endswith(".deb")) and not name.startswith(("$", "/", ".", "@", "http"))
        ]
        if loose:
            yield Finding(install.command.node, f"{loose[0][:60]} without a version", fix=Fix("name its version"))
