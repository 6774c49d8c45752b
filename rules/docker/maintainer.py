from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.parsers.dockerfile import Instruction
from gatekeeper.rule import Place, rule


@rule(
    "docker-maintainer",
    gate="container-hardening",
    severity="low",
    seed="4.1 Dockerfile Best Practices",
    aliases=["CKV_DOCKER_6", "DS-0022", "DL4000"],
    where=lambda stage: bool(stage.body),
    fixable=True,
)
def maintainer(stage: Stage) -> Iterator[Finding]:
    """Whom to ask about an image stands in a label, not in MAINTAINER.

    MAINTAINER was given up in 2016; the label `org.opencontainers.image.authors` took its place.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: MAINTAINER
    MAINTAINER A Team <team@example.com>
    ```

    Good:
    ```dockerfile
    FROM debian:13
    LABEL maintainer="team@example.com"
    ```
    """
    for each in stage.instructions("MAINTAINER"):
        yield Finding(
            each.node, "MAINTAINER was given up", fix=Fix("LABEL org.opencontainers.image.authors=…", _edit(each))
        )


def _edit(each: Instruction) -> tuple[Edit, ...]:
    text, span = each.arguments.text, each.node.span
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if not text or span.line != span.end_line or any(char in text for char in "\"$\\`'"):
        return ()
    return (Edit(Place(each.node.source, span), f'LABEL org.opencontainers.image.authors="{text}"'),)
