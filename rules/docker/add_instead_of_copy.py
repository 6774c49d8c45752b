from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix, Unknown
from gatekeeper.models.docker import Copy, Stage
from gatekeeper.node import Span, regex
from gatekeeper.rule import Answer, Place, rule

_FROM_ELSEWHERE = regex(r"[\"']?([a-z][a-z0-9+.-]*://|git@)", re.IGNORECASE)
_ARCHIVE = regex(r"\.(tar|tgz|tbz2?|txz|tlz|tzst|tar\.\w+|gz|bz2|xz|zst|lzma|Z)[\"']?\Z", re.IGNORECASE)
_OF_COPY = frozenset({"chown", "chmod", "link", "exclude"})


@rule(
    "docker-add-instead-of-copy",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DS-0005", "DL3020"],
    where=lambda stage: bool(stage.instructions("ADD")),
    fixable=True,
)
def add_instead_of_copy(stage: Stage) -> Iterator[Answer]:
    """Files and folders come into the image by COPY; ADD is for archives and addresses.

    ADD unpacks what looks like an archive and fetches what looks like an address: a file that is renamed changes what
    happens. Where it takes an archive or an address it is the right instruction (CKV_DOCKER_4 forbids those too, so it
    is not the same).

    Bad:
    ```dockerfile
    FROM node:20
    # expect: package.json
    ADD package.json yarn.lock /app/
    # expect: .
    add --chown=node . /app
    ```

    Bad, by a default:
    ```dockerfile
    FROM eclipse-temurin:21
    ARG JAR=target/app.jar
    # expect: target/app.jar
    ADD ${JAR} /app.jar
    ```

    Good:
    ```dockerfile
    FROM alpine:3.22
    ARG VERSION
    COPY package.json /app/
    ADD rootfs.tar.xz /
    ADD app-${VERSION}.tgz /opt/
    ADD https://example.com/key.asc /etc/keys/
    ADD git@github.com:example/app.git /app
    ```

    Unknown:
    ```dockerfile
    FROM alpine:3.22
    ARG WHAT
    ADD $WHAT /app
    ```
    """
    for copy in stage.copies:
        if copy.instruction.kind == "ADD":
            yield from _judged(copy)


def _judged(copy: Copy) -> Iterator[Answer]:
    plain: list[str] = []
    for source, written in zip(copy.sources, copy.written, strict=True):
        text = source.text if source.known else written.text
        if _FROM_ELSEWHERE.match(text) or _ARCHIVE.search(text):
            continue
        if not source.known:
            yield Unknown(source, "what ADD takes cannot be told")
            return
        plain.append(text)
    if not plain:
        return
    instruction = copy.instruction
    edits: tuple[Edit, ...] = ()
    if len(plain) == len(copy.sources) and all(flag.name in _OF_COPY for flag in instruction.flags):
        key = instruction.node.key or Span(1, 1, 1, 1)
        edits = (Edit(Place(instruction.node.source, key), "COPY"),)
    yield Finding(
        instruction.node, f"ADD takes {plain[0][:60]}, which COPY would", fix=Fix("COPY instead of ADD", edits)
    )
