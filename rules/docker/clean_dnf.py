from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import installs
from gatekeeper.rule import rule


@rule(
    "docker-clean-dnf",
    gate="container-hardening",
    severity="off",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DS-0019", "DS-0027", "DL3040"],
    where=lambda stage: any(installs(stage.commands, "dnf", "microdnf")),
)
def clean_dnf(stage: Stage) -> Iterator[Finding]:
    """dnf's cache is removed in the layer that filled it.

    What stays in the layer makes every image upon it larger. A cache mount keeps it out too.

    Bad:
    ```dockerfile
    FROM fedora:43
    # expect: cache stays
    RUN dnf install -y curl
    ```

    Good:
    ```dockerfile
    FROM fedora:43
    RUN microdnf install -y curl && microdnf clean all
    RUN dnf install -y vim && rm -rf /var/cache/libdnf5
    ```
    """
    for install in installs(stage.commands, "dnf", "microdnf"):
        run = install.command.instruction
        cached = any("type=cache" in flag.value.text for flag in run.flags)
        same = stage.commands_of(run)
        if not cached and not (
            any("clean" in each.words[:2] or any("/var/cache/" in word for word in each.words) for each in same)
        ):
            yield Finding(
                install.command.node, "the cache stays in the layer", fix=Fix("dnf clean all in the same RUN")
            )
