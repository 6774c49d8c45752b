from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline import Script, Step
from gatekeeper.models.pipeline.shell import Command
from gatekeeper.node import regex
from gatekeeper.rule import rule

_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "python", "python3", "node", "perl", "ruby", "pwsh"})
_FETCHES = frozenset({"curl", "wget"})
_PINNED = regex(r"[0-9a-f]{40}|localhost|127\.0\.0\.1")
_ADDRESS = regex(r"https?://[^\s\"']{3,300}")


def _program(command: Command) -> str:
    words = [word for word in command.words if "=" not in word or word.startswith("-")]
    while (words and words[0] in ("sudo", "env", "exec")) or (words[:1] and words[0].startswith("-")):
        words = words[1:]
    return words[0].rpartition("/")[2] if words else ""


def _piped(scripts: tuple[Script, ...]) -> Iterator[Script]:
    """The downloads whose output is the program of a shell."""
    for number, script in enumerate(scripts):
        command = script.command
        if _program(command) not in _FETCHES or command.after not in ("|", "|&"):
            continue
        for later in scripts[number + 1 :]:
            if _program(later.command) in _SHELLS and not _reads_a_file(later.command):
                yield script
            if later.command.after not in ("|", "|&"):
                break


def _reads_a_file(command: Command) -> bool:
    """Whether the interpreter has a program already, so that what comes in is its data."""
    name = _program(command)
    arguments = list(command.words)[command.words.index(next(w for w in command.words if w.endswith(name))) + 1 :]
    if name in ("bash", "sh", "zsh", "dash"):
        return arguments[:1] == ["-c"] or bool(
            arguments and not arguments[0].startswith("-") and arguments[0] != "/dev/stdin"
        )
    return bool(arguments) and arguments[0] != "-"


@rule(
    "pipeline-piped-download",
    gate="workflow-security",
    severity="medium",
    seed="6.1 Security Hardening, Vulnerability management",
    where=lambda step: any(_program(script.command) in _FETCHES for script in step.scripts),
)
def piped_download(step: Step) -> Iterator[Finding]:
    """What a pipeline downloads and runs is checked first.

    `curl … | sh` runs whatever the server sends at that moment, with the job's token and secrets, and leaves nothing
    behind that could be looked at. Pin a version, and compare its checksum before it is run; an address that holds a
    commit cannot change.

    Bad:
    ```yaml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          # expect: https://get.example.com/install.sh is run
          - run: curl -fsSL https://get.example.com/install.sh | sudo bash -s -- -b /usr/local/bin
    ```

    Good:
    ```yaml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          - run: |
              curl -fsSLo tool.tgz https://example.com/tool-1.2.3.tgz
              echo "$SUM  tool.tgz" | sha256sum -c
              curl -s https://api.example.com/status | python -c 'import json, sys; print(json.load(sys.stdin))'
              curl -s https://raw.githubusercontent.com/a/b/11bd71901bbe5b1630ceea73d27597364c9af683/i.sh | sh
    ```
    """
    for script in _piped(step.scripts):
        text = " ".join(script.command.words)
        if not _PINNED.search(text):
            address = _ADDRESS.search(text)
            words = f"{address[0] if address else 'what it downloads'} is run as it comes"
            yield Finding(script.place, words, (), Fix("download a version, compare its checksum, then run it"))
