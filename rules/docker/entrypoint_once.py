from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-entrypoint-once",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DS-0007", "DL4004"],
    where=lambda stage: bool(stage.instructions("ENTRYPOINT")),
)
def entrypoint_once(stage: Stage) -> Iterator[Finding]:
    """A stage has one ENTRYPOINT.

    Only the last counts; whoever reads the first is misled. Another stage may have its own.

    Bad:
    ```dockerfile
    FROM node:20
    # expect: takes its place
    ENTRYPOINT ["node", "a.js"]
    ENTRYPOINT ["node", "b.js"]
    ```

    Good:
    ```dockerfile
    FROM node:20 AS base
    ENTRYPOINT ["node", "a.js"]
    ONBUILD ENTRYPOINT ["node", "c.js"]
    FROM base
    ENTRYPOINT ["node", "b.js"]
    ```
    """
    found = stage.instructions("ENTRYPOINT")
    for each in found[:-1]:
        note = (Note(found[-1].node, "the one that counts"),)
        yield Finding(each.node, "another ENTRYPOINT takes its place", note, Fix("keep one"))
