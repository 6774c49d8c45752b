from __future__ import annotations

import json
from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix
from gatekeeper.models import shell
from gatekeeper.models.docker import Stage
from gatekeeper.node import regex
from gatekeeper.parsers.dockerfile import Instruction
from gatekeeper.rule import Place, rule

_PLAIN = regex(r"[A-Za-z0-9_./:@%+,-]+(?: +[A-Za-z0-9_./:=@%+,-]+)*\Z")
_BUILTINS = frozenset("alias bg cd command eval exec exit export read return set source trap true ulimit umask".split())


def _execs(instruction: Instruction) -> bool:
    """Whether the shell gives its place to the program at the end: it then gets the signals."""
    text = instruction.arguments.text
    if "exec" not in text:
        return False
    commands = [command for command in shell.commands(text) if not command.inline]
    return bool(commands) and "exec" in commands[-1].wrappers


def _edits(stage: Stage, each: Instruction) -> tuple[Edit, ...]:
    """The JSON form, where the shell has nothing to do and the other of the two does not change its meaning by it.

    A script may lack its `#!`, which only a shell forgives.
    """
    text = each.arguments.text
    words = text.split()
    other = "ENTRYPOINT" if each.kind == "CMD" else "CMD"
    if not _PLAIN.match(text) or words[0] in _BUILTINS or words[0] == "." or words[0].endswith(".sh") or stage.windows:
        return ()
    if stage.last(other) or stage.last("SHELL") or each.arguments.span.line != each.arguments.span.end_line:
        return ()
    return (Edit(Place(each.node.source, each.arguments.span), json.dumps(words)),)


@rule(
    "docker-exec-form",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3025"],
    where=lambda stage: bool(stage.instructions("CMD") or stage.instructions("ENTRYPOINT")),
    fixable=True,
)
def exec_form(stage: Stage) -> Iterator[Finding]:
    """CMD and ENTRYPOINT are written as a JSON list.

    In the other form `/bin/sh -c` is process 1, which hands no signal on: the container is killed after the grace
    period instead of shutting down, and requests are lost. A HEALTHCHECK may be written either way, it gets no signals,
    and so may what ends in `exec program`, for which the shell makes room.

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

    Good, the shell makes room:
    ```dockerfile
    FROM node:20
    ENTRYPOINT exec java $JAVA_OPTS -jar /app.jar
    CMD export A=1 && exec node main.js
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
            if each.arguments.text and not each.is_json and not _execs(each):
                fix = Fix(f'{kind} ["program", "argument"]', _edits(stage, each))
                yield Finding(each.node, f"{kind} in shell form: sh gets the signals", fix=fix)
