from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Script, Stage
from gatekeeper.models.shell import Pipe
from gatekeeper.rule import rule

_CANNOT_FAIL = frozenset({"echo", "printf", "yes", "true", ":"})


def _unheard(script: Script) -> Iterator[Pipe]:
    commands = script.parsed.commands
    for pipe in script.parsed.pipes:
        before = [commands[number] for part in pipe.parts[:-1] for number in part]
        if before and not any(command.inline for command in before):
            yield pipe


@rule(
    "docker-pipefail",
    gate="container-hardening",
    severity="low",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL4006"],
    where=lambda stage: any(any(_unheard(script)) for script in stage.scripts),
)
def pipefail(stage: Stage) -> Iterator[Finding]:
    """A RUN with a pipe stops when any part of the pipe fails.

    Only the last part's failure counts to a shell: of `wget … | tar x` a download that breaks off may leave half a
    tree, and the build goes on. Left alone are pipes that begin with `echo`, `printf` or `yes`, and those
    inside `$( )`.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: curl
    RUN curl -f https://example.com/a.tgz | tar xz
    ```

    Good:
    ```dockerfile
    FROM debian:13
    RUN set -o pipefail; curl -f https://example.com/a.tgz | tar xz
    RUN echo a | tee /b && X=$(a | b) && echo "a | b"
    SHELL ["/bin/bash", "-eo", "pipefail", "-c"]
    RUN curl -f https://example.com/a.tgz | tar xz
    ```
    """
    for script in stage.scripts:
        commands = script.parsed.commands
        for pipe in _unheard(script):
            before = [commands[number] for part in pipe.parts[:-1] for number in part]
            if pipe.pipefail or all(command.program in _CANNOT_FAIL for command in before):
                continue
            failing = next(command for command in before if command.program not in _CANNOT_FAIL)
            yield Finding(
                script.part(failing.start, failing.end),
                f"when {failing.program[:40] or 'it'} fails, the build goes on",
                fix=Fix('SHELL ["/bin/bash", "-o", "pipefail", "-c"] above'),
            )
