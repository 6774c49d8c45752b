from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import installs
from gatekeeper.node import Span
from gatekeeper.rule import Place, rule


@rule(
    "docker-no-install-recommends",
    gate="container-hardening",
    severity="off",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DS-0029", "DL3015"],
    where=lambda stage: any(installs(stage.commands, "apt")),
    fixable=True,
)
def no_install_recommends(stage: Stage) -> Iterator[Finding]:
    """apt-get installs what is named and needed, not what is recommended.

    Recommended packages make images larger and bring holes that nobody asked for.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: recommended
    RUN apt-get install -y curl
    ```

    Good:
    ```dockerfile
    FROM debian:13
    RUN apt-get install -y --no-install-recommends curl
    RUN apt-get -o APT::Install-Recommends=false install -y vim
    ```
    """
    text = stage.dockerfile.source.text.lower().replace("--no-install-recommends", "")
    for found in installs(stage.commands, "apt"):
        command = found.command
        if command.has("--no-install-recommends") or "install-recommends" in " ".join(command.words).lower():
            continue
        if "install-recommends" in text:
            continue
        edits: tuple[Edit, ...] = ()
        at = command.at(found.verb)
        if command.simple and at.source.slice(at.span) == command.words[found.verb]:
            end = Span(at.span.end_line, at.span.end_column, at.span.end_line, at.span.end_column)
            edits = (Edit(Place(at.source, end), " --no-install-recommends"),)
        yield Finding(
            command.node, "installs what is recommended too", fix=Fix("--no-install-recommends", edits, False)
        )
