from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import installs
from gatekeeper.rule import rule


@rule(
    "docker-clean-yum",
    gate="container-hardening",
    severity="off",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DS-0015", "DL3032"],
    where=lambda stage: any(installs(stage.commands, "yum")),
)
def clean_yum(stage: Stage) -> Iterator[Finding]:
    """yum's cache is removed in the layer that filled it.

    What stays in the layer makes every image upon it larger. A cache mount keeps it out too.

    Bad:
    ```dockerfile
    FROM centos:7
    # expect: cache stays
    RUN yum install -y curl
    ```

    Good:
    ```dockerfile
    FROM centos:7
    RUN yum install -y curl && yum clean all
    RUN yum install -y vim && rm -rf /var/cache/yum
    ```
    """
    for install in installs(stage.commands, "yum"):
        run = install.command.instruction
        cached = any("type=cache" in flag.value.text for flag in run.flags)
        same = stage.commands_of(run)
        if not cached and not (
            any("clean" in each.words[:2] or any("/var/cache/" in word for word in each.words) for each in same)
        ):
            yield Finding(
                install.command.node, "the cache stays in the layer", fix=Fix("yum clean all in the same RUN")
            )
