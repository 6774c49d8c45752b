from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.node import regex
from gatekeeper.rule import rule

_ARCHIVE = regex(r"\.(?:tar|tgz|tbz2?|txz|tar\.\w{2,4})\Z")


@rule(
    "docker-copy-then-extract",
    gate="container-hardening",
    severity="off",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3010"],
    where=lambda stage: bool(stage.instructions("COPY")),
)
def copy_then_extract(stage: Stage) -> Iterator[Finding]:
    """ADD unpacks an archive of the build context.

    COPY and `tar` leave the archive in a layer of its own.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: a.tar.gz
    COPY a.tar.gz /tmp/
    RUN tar xzf /tmp/a.tar.gz
    ```

    Good:
    ```dockerfile
    FROM debian:13
    COPY a.tar.gz b /tmp/
    ADD c.tgz /x
    RUN tar xzf /y.tar.gz
    ```
    """
    for copy in stage.copies:
        names = [source.text.rpartition("/")[2] for source in copy.sources if source.known]
        archives = [name for name in names if _ARCHIVE.search(name)]
        for command in stage.commands if archives and copy.instruction.kind == "COPY" and copy.origin is None else ():
            named = {word.rpartition("/")[2] for word in command.words}
            if command.program in ("tar", "gunzip") and named & set(archives):
                yield Finding(copy.instruction.node, f"{archives[0][:60]} is unpacked later", fix=Fix("ADD"))
                break
