from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Dockerfile
from gatekeeper.rule import rule


@rule(
    "docker-instruction-order",
    gate="container-hardening",
    severity="high",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3061"],
)
def instruction_order(dockerfile: Dockerfile) -> Iterator[Finding]:
    """A Dockerfile begins with FROM, or with the ARGs that it needs.

    Nothing else can stand before there is an image: the build stops.

    Bad, also a fault of the file: # expect: stands before the first FROM
    ```dockerfile
    LABEL a=b
    FROM node:20
    ```

    Good:
    ```dockerfile
    # syntax=docker/dockerfile:1
    ARG VERSION=20
    FROM node:${VERSION}
    ```
    """
    for each in dockerfile.instructions:
        if each.kind == "FROM":
            return
        if each.kind != "ARG":
            yield Finding(each.node, f"{each.kind} stands before the first FROM", fix=Fix("move it below FROM"))
