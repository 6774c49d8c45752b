from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Dockerfile
from gatekeeper.node import regex
from gatekeeper.rule import Place, rule

_PRAGMA = regex(r"\s*#\s*(?:hadolint\s+(?:global\s+)?ignore\s*=|checkov:skip=|trivy:ignore:)")


@rule(
    "docker-inline-ignore",
    gate="container-hardening",
    severity="off",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL1001"],
)
def inline_ignore(dockerfile: Dockerfile) -> Iterator[Finding]:
    """No comment switches a linter off.

    For those who keep all exceptions in one place, with a reason and an end. The comments of hadolint, checkov and
    trivy count.

    Bad:
    ```dockerfile
    # expect: switches
    # hadolint ignore=DL3006
    FROM node
    ```

    Good:
    ```dockerfile
    # hadolint finds nothing to ignore
    FROM node:20
    ```
    """
    source = dockerfile.source
    for number, line in enumerate(source.lines, start=1):
        if _PRAGMA.match(line):
            place = Place(source, source.line_span(number))
            yield Finding(place, "a comment switches a check off", fix=Fix("a waiver in gatekeeper.yaml"))
