from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import installs
from gatekeeper.rule import rule


@rule(
    "docker-clean-zypper",
    gate="container-hardening",
    severity="off",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DS-0020", "DL3036"],
    where=lambda stage: any(installs(stage.commands, "zypper")),
)
def clean_zypper(stage: Stage) -> Iterator[Finding]:
    """zypper's cache is removed in the layer that filled it.

    What stays in the layer makes every image upon it larger. A cache mount keeps it out too.

    Bad:
    ```dockerfile
    FROM opensuse/leap:15.6
    # expect: cache stays
    RUN zypper -n install curl
    ```

    Good:
    ```dockerfile
    FROM opensuse/leap:15.6
    RUN zypper -n install curl && zypper clean --all
    ```
    """
    for install in installs(stage.commands, "zypper"):
        run = install.command.instruction
        cached = any("type=cache" in flag.value.text for flag in run.flags)
        same = stage.commands_of(run)
        if not cached and not (any(each.program == "zypper" and {"clean", "cc"} & set(each.words) for each in same)):
            yield Finding(install.command.node, "the cache stays in the layer", fix=Fix("zypper clean in the same RUN"))
