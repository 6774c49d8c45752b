from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models import shell
from gatekeeper.models.docker import Command, Script, Stage
from gatekeeper.models.packages import verifies
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_FETCHES = frozenset({"curl", "wget", "fetch", "aria2c"})
_READS = regex(r"(?:(?:ba|da|a|z|k)?sh|python[0-9.]*|perl|ruby|node|php[0-9.]*)\Z")
_ADDRESS = regex(r"(?:https?|ftp)://", re.IGNORECASE)
_OUTPUT = frozenset({"-o", "-O", "--output", "--output-document"})


def _runs_its_input(words: tuple[str, ...]) -> bool:
    """Whether an interpreter reads its program from what is piped in: it is given no script of its own."""
    for word in words[1:]:
        if word in ("-", "-s", "--", "/dev/stdin"):
            return True
        if not word.startswith("-") or word in ("-e", "-m", "-r") or (word[:2] != "--" and word.endswith("c")):
            return False
    return True


def _interprets(command: shell.Command) -> bool:
    return bool(_READS.match(command.program))


def _piped(script: Script) -> Iterator[int]:
    """The commands of a script that run what another downloads, through a pipe or a substitution."""
    commands = script.parsed.commands
    for pipe in script.parsed.pipes:
        fetched = any(commands[number].program in _FETCHES for number in pipe.parts[0])
        if fetched:
            for number in (number for part in pipe.parts[1:] for number in part):
                if _interprets(commands[number]) and _runs_its_input(commands[number].words):
                    yield number
    for command in commands:
        outer = commands[command.within] if command.within >= 0 else None
        if command.program in _FETCHES and outer is not None and command.inline:
            if (_interprets(outer) and _takes_script(outer)) or outer.program in ("eval", "source", "."):
                yield command.within
        elif command.program in _FETCHES and outer is not None and outer.program in (*shell.SHELLS, "source", "."):
            yield from (command.within for word in outer.words[1:2] if word.startswith("<("))


def _takes_script(command: shell.Command) -> bool:
    return any(word.startswith(("$(", "`")) for word in command.words[1:]) and len(command.words) > 2


def _saved(command: Command) -> str:
    """The name of the file that a download is written to; '' where that cannot be told."""
    words = command.words
    for number, word in enumerate(words[:-1]):
        if word in _OUTPUT and not (word == "-O" and command.program == "curl"):
            return words[number + 1].rpartition("/")[2]
    for redirect in command.simple.redirects if command.simple else ():
        if redirect.operator in (">", ">|"):
            return redirect.target.rpartition("/")[2]
    address = next((word for word in words[1:] if _ADDRESS.match(word)), "")
    kept = command.program == "wget" or command.has("-O", "--remote-name")
    return re.split(r"[?#]", address)[0].rpartition("/")[2] if kept else ""


def _saved_and_run(commands: list[Command]) -> Iterator[Command]:
    """The commands that run a file which one before them in the same RUN downloads."""
    saved: set[str] = set()
    for command in commands:
        if command.program in _FETCHES and any(_ADDRESS.match(word) for word in command.words):
            saved.add(_saved(command))
            continue
        run = ""
        if _READS.match(command.program) and command.plain and not _runs_its_input(command.words):
            run = command.plain[0]
        elif "/" in command.words[0]:
            run = command.words[0]
        if run and run.rpartition("/")[2] in saved - {"", "-"} and not run.endswith("/"):
            yield command


@rule(
    "docker-remote-script",
    gate="container-hardening",
    severity="medium",
    seed="6.1 Security Hardening",
    where=lambda stage: any(command.program in _FETCHES for command in stage.commands) or any(stage.unread("http")),
)
def remote_script(stage: Stage) -> Iterator[Answer]:
    """No script is run as it comes from the network.

    `curl … | sh` runs whatever the address serves today, as root, in the image that ships: the same commit builds
    another image tomorrow, and whoever takes over the address is inside. Counted are pipes, `bash -c "$(curl …)"`,
    `sh <(curl …)`, and a file that is downloaded and run in the same RUN; not where that RUN checks a checksum or a
    signature.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: runs what it downloads
    RUN curl -fsSL https://deb.example.com/setup | sudo -E bash -
    ```

    Bad, other ways:
    ```dockerfile
    FROM debian:13
    # expect: sh
    RUN sh -c "$(wget -qO- https://example.com/install.sh)" -- --yes
    # expect: python3
    RUN curl -sSL https://example.com/get.py | tee /tmp/x | python3 - --version 1
    # expect: bash
    RUN bash <(curl -s https://example.com/install.sh)
    ```

    Bad, by a file:
    ```dockerfile
    FROM debian:13
    # expect: runs what it downloads
    RUN curl -o /tmp/go.sh https://example.com/go.sh && chmod +x /tmp/go.sh && /tmp/go.sh
    ```

    Good:
    ```dockerfile
    FROM debian:13
    RUN curl -fsSL https://example.com/a.tgz | tar xz && curl https://example.com/k.asc | gpg --dearmor > /k.gpg
    RUN curl -s https://example.com/v | python3 -c 'import json' && echo "curl https://example.com | sh"
    RUN curl -o i.sh https://example.com/i.sh && echo "0a1b  i.sh" | sha256sum -c - && sh i.sh
    RUN curl -s https://example.com/v.json | node parse.js; VERSION=$(curl -s https://example.com/v) sh build.sh
    ```

    Unknown:
    ```dockerfile
    FROM debian:13
    RUN if curl https://example.com | sh; then
    ```
    """
    for script in stage.scripts:
        runs = [each for each in stage.commands_of(script.instruction) if each.script is script]
        by_number = {command.number: command for command in runs}
        if verifies(runs):
            continue
        found = [by_number[number] for number in dict.fromkeys(_piped(script)) if number in by_number]
        for command in (*found, *_saved_and_run(runs)):
            message = f"{command.program[:40]} runs what it downloads, unchecked"
            yield Finding(command.node, message, fix=Fix("download a version, check its checksum, then run it"))
    for node, why in stage.unread("curl", "wget"):
        yield Unknown(node, f"whether it runs what it downloads: {why}")
