from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix, Unknown
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import Install, installs
from gatekeeper.node import Span
from gatekeeper.rule import Answer, Place, rule

_YES = {
    "apt": ("-y", "--yes", "--assume-yes", "-qq", "--force-yes"),
    "yum": ("-y", "--assumeyes"),
    "dnf": ("-y", "--assumeyes"),
    "microdnf": ("-y", "--assumeyes"),
    "zypper": ("-n", "-y", "--non-interactive", "--no-confirm"),
}


def _answered(found: Install) -> bool:
    command = found.command
    words = " ".join(command.words).lower()
    simple = command.simple
    piped = simple is not None and (simple.before in ("|", "|&") or any(r.operator[0] == "<" for r in simple.redirects))
    quiet = sum(word.count("q") for word in command.words if word in ("-q", "--quiet", "-qq")) > 1
    return (
        command.has(*_YES[found.manager])
        or "assume-yes" in words
        or "assumeyes" in words
        or (found.manager == "apt" and quiet)
        or piped
        or command.has("-s", "--simulate", "--just-print", "--dry-run", "--print-uris", "--assumeno")
    )


@rule(
    "docker-assume-yes",
    gate="container-hardening",
    severity="low",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DS-0021", "DL3014", "DL3030", "DL3034", "DL3038"],
    where=lambda stage: any(installs(stage.commands, *_YES)),
    fixable=True,
)
def assume_yes(stage: Stage) -> Iterator[Answer]:
    """Package managers are told not to ask.

    Nobody answers during a build: without `-y` apt-get, yum, dnf and zypper stop at their question.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: apt-get
    RUN apt-get update && apt-get install --no-install-recommends curl
    ```

    Bad, the others:
    ```dockerfile
    FROM fedora:43
    # expect: dnf
    RUN dnf install curl
    # expect: microdnf
    RUN microdnf install curl
    # expect: zypper
    RUN zypper install curl
    ```

    Good:
    ```dockerfile
    FROM debian:13
    RUN apt-get install -qy curl && apt-get -qq install vim && apt-get -o APT::Get::Assume-Yes=true install less
    RUN yes | apt-get install nano; zypper --non-interactive install curl; yum -y install curl; apt-get install -s curl
    ```

    Unknown:
    ```dockerfile
    FROM debian:13
    RUN apt-get $OPTIONS install curl
    ```
    """
    configured = "assume-yes" in stage.dockerfile.source.text.lower().replace("--assume-yes", "")
    for found in installs(stage.commands, *_YES):
        command = found.command
        if configured or _answered(found):
            continue
        if any(word.startswith("$") for word in command.words[: found.verb]):
            yield Unknown(command.node, "what the variable says cannot be told")
            continue
        yield Finding(command.node, f"{command.program} asks, and nobody answers", fix=_fix(found))


def _fix(found: Install) -> Fix:
    command = found.command
    zypper = found.manager == "zypper"
    number = 0 if zypper else found.verb
    if command.simple is None or number >= len(command.simple.parts):
        return Fix("-y")
    at = command.at(number)
    if at.source.slice(at.span) != command.words[number]:
        return Fix("-y")
    end = Span(at.span.end_line, at.span.end_column, at.span.end_line, at.span.end_column)
    word = "--non-interactive" if zypper else "-y"
    return Fix(word, (Edit(Place(at.source, end), f" {word}"),))
