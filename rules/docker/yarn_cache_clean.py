from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-yarn-cache-clean",
    gate="container-hardening",
    severity="off",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3060"],
    where=lambda stage: any(command.program == "yarn" for command in stage.commands),
)
def yarn_cache_clean(stage: Stage) -> Iterator[Finding]:
    """yarn leaves no cache behind.

    What stays in the layer makes every image upon it larger.

    Bad:
    ```dockerfile
    FROM node:20
    # expect: cache stays
    RUN yarn install
    ```

    Good:
    ```dockerfile
    FROM node:20
    RUN yarn install && yarn cache clean && yarn build
    RUN --mount=type=cache,target=/root/.yarn yarn
    ```
    """
    for command in stage.commands:
        run = command.instruction
        if command.program == "yarn" and (not command.plain or command.plain[0] in ("install", "add")):
            same = stage.commands_of(run)
            cleaned = any(each.program == "yarn" and "cache" in each.words and "clean" in each.words for each in same)
            if not cleaned and not any("type=cache" in flag.value.text for flag in run.flags):
                yield Finding(command.node, "the cache stays in the layer", fix=Fix("yarn cache clean in the same RUN"))
