from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-healthcheck-once",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DS-0023", "DL3012"],
    where=lambda stage: bool(stage.instructions("HEALTHCHECK")),
)
def healthcheck_once(stage: Stage) -> Iterator[Finding]:
    """A stage has one HEALTHCHECK.

    Only the last counts; whoever reads the first is misled.

    Bad:
    ```dockerfile
    FROM node:20
    # expect: takes its place
    HEALTHCHECK CMD node a.js
    HEALTHCHECK CMD node b.js
    ```

    Good:
    ```dockerfile
    FROM node:20 AS base
    HEALTHCHECK CMD node a.js
    FROM base
    HEALTHCHECK CMD node b.js
    ```
    """
    found = stage.instructions("HEALTHCHECK")
    for each in found[:-1]:
        note = (Note(found[-1].node, "the one that counts"),)
        yield Finding(each.node, "another HEALTHCHECK takes its place", note, Fix("keep one"))
