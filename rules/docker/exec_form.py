from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-exec-form",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3025"],
    where=lambda stage: bool(stage.instructions("CMD") or stage.instructions("ENTRYPOINT")),
)
def exec_form(stage: Stage) -> Iterator[Finding]:
    """CMD and ENTRYPOINT are written as a JSON list.

    In the other form `/bin/sh -c` is process 1, which hands no signal on: the container is killed after the grace
    period instead of shutting down, and requests are lost. A HEALTHCHECK may be written either way, it gets no signals.

    Bad:
    ```dockerfile
    FROM node:20
    # expect: CMD in shell form
    CMD node main.js
    ```

    Bad, single quotes are no JSON:
    ```dockerfile
    FROM node:20
    # expect: ENTRYPOINT in shell form
    ENTRYPOINT ['node', 'main.js']
    ```

    Good:
    ```dockerfile
    FROM node:20
    HEALTHCHECK CMD wget --spider http://localhost:3000/health || exit 1
    ENTRYPOINT ["node"]
    CMD [ "main.js", \
          "--port=3000" ]
    ```
    """
    for kind in ("CMD", "ENTRYPOINT"):
        for each in stage.instructions(kind):
            if each.arguments.text and not each.is_json:
                yield Finding(
                    each.node, f"{kind} in shell form: sh gets the signals", fix=Fix(f'{kind} ["program", "argument"]')
                )
