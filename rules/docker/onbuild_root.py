from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-onbuild-root",
    gate="container-hardening",
    severity="low",
    seed="7. Security Checklist",
    where=lambda stage: bool(stage.instructions("ONBUILD")),
)
def onbuild_root(stage: Stage) -> Iterator[Finding]:
    """What ONBUILD hands on to other images does not make them run as root.

    The trigger stands in no Dockerfile of theirs: their authors see a USER that is not in force.

    Bad:
    ```dockerfile
    FROM node:20
    ONBUILD USER app
    # expect: root
    ONBUILD USER 0:0
    ```

    Good, it comes back:
    ```dockerfile
    FROM node:20
    ONBUILD USER root
    ONBUILD RUN npm ci
    ONBUILD USER node
    ```
    """
    users = [each for each in stage.instructions("ONBUILD") if each.trigger and each.trigger.kind == "USER"]
    if not users or users[-1].trigger is None:
        return
    user = stage.expanded(users[-1].trigger.arguments, users[-1])
    if user.known and user.text.partition(":")[0] in ("root", "0"):
        yield Finding(users[-1].node, "images built upon this one run as root", fix=Fix("ONBUILD USER at the end"))
