from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-cmd-once",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DS-0016", "DL4003"],
    where=lambda stage: bool(stage.instructions("CMD")),
)
def cmd_once(stage: Stage) -> Iterator[Finding]:
    """A stage has one CMD.

    Only the last counts; whoever reads the first is misled. Another stage may have its own.

    Bad:
    ```dockerfile
    FROM node:20
    # expect: takes its place
    CMD ["node", "a.js"]
    CMD ["node", "b.js"]
    ```

    Good:
    ```dockerfile
    FROM node:20 AS base
    CMD ["node", "a.js"]
    ONBUILD CMD ["node", "c.js"]
    FROM base
    CMD ["node", "b.js"]
    ```
    """
    found = stage.instructions("CMD")
    for each in found[:-1]:
        note = (Note(found[-1].node, "the one that counts"),)
        yield Finding(each.node, "another CMD takes its place", note, Fix("keep one"))
