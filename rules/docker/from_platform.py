from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-from-platform",
    gate="container-hardening",
    severity="off",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3029", "DL3065"],
    where=lambda stage: stage.platform is not None,
)
def from_platform(stage: Stage) -> Iterator[Finding]:
    """FROM leaves the platform to the build.

    A platform that is written down builds one architecture only, whatever the build asks for; $TARGETPLATFORM is the
    default and says nothing.

    Bad:
    ```dockerfile
    # expect: linux/amd64
    FROM --platform=linux/amd64 debian:13
    ```

    Good:
    ```dockerfile
    FROM --platform=$BUILDPLATFORM debian:13
    ```
    """
    platform = stage.platform
    text = platform.text.strip("\"'") if platform is not None else ""
    if platform is not None and ("$" not in text or text in ("$TARGETPLATFORM", "${TARGETPLATFORM}")):
        yield Finding(platform, f"the platform is {text[:40]}", fix=Fix("--platform=$BUILDPLATFORM, or none"))
