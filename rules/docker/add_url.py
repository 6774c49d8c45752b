from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.node import regex
from gatekeeper.rule import rule

_URL = regex(r"[\"']?https?://", re.IGNORECASE)
_GIT = regex(r"\.git(#.*)?\Z")


@rule(
    "docker-add-url",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    where=lambda stage: bool(stage.instructions("ADD")),
)
def add_url(stage: Stage) -> Iterator[Finding]:
    """What ADD downloads is checked against a digest.

    Whoever controls the address, or the way to it, decides what comes into the image, and the same commit builds
    another image when the file changes. Git repositories are not judged: their address can name a commit.

    Bad:
    ```dockerfile
    FROM alpine:3.22
    ARG VERSION=1.2.0
    # expect: without --checksum
    ADD https://example.com/tool-${VERSION}.tar.gz /opt/
    ```

    Bad, the address in a variable:
    ```dockerfile
    FROM alpine:3.22
    ARG URL=http://example.com/tool
    # expect: without --checksum
    ADD --chmod=755 ["$URL", "/usr/bin/tool"]
    ```

    Good:
    ```dockerfile
    FROM alpine:3.22
    ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.com/a /opt/
    ADD https://github.com/moby/buildkit.git#v0.14.1 /buildkit
    ADD rootfs.tar.gz /
    ```
    """
    for copy in stage.copies:
        if copy.instruction.kind != "ADD" or copy.instruction.flag("checksum"):
            continue
        for source, written in zip(copy.sources, copy.written, strict=True):
            text = source.text if source.known else written.text
            if _URL.match(text) and not _GIT.search(text):
                yield Finding(
                    written, "downloaded without --checksum", fix=Fix("ADD --checksum=sha256:… address target")
                )
