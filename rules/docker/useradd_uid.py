from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.docker import Command, Stage
from gatekeeper.rule import Answer, rule


def _uid(command: Command) -> str:
    words = command.words
    for number, word in enumerate(words):
        if word in ("-u", "--uid") and number + 1 < len(words):
            return words[number + 1]
        if word.startswith("--uid="):
            return word[6:]
    return ""


@rule(
    "docker-useradd-uid",
    gate="container-hardening",
    severity="low",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3046"],
    where=lambda stage: any(c.program == "useradd" for c in stage.commands) or any(stage.unread("useradd")),
)
def useradd_uid(stage: Stage) -> Iterator[Answer]:
    """A user with a large number is made with `--no-log-init`.

    useradd writes an entry into /var/log/lastlog at the number's place: a file full of holes, which becomes a layer of
    gigabytes.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: 1000001
    RUN useradd -m -u 1000001 app
    ```

    Good:
    ```dockerfile
    FROM debian:13
    RUN useradd -l -u 1000001 app && useradd --uid=10001 b && useradd -u 200000 --no-log-init c
    ```
    """
    for command in stage.commands:
        uid = _uid(command) if command.program == "useradd" else ""
        if uid.isdigit() and len(uid) > 5 and not command.has("-l", "--no-log-init"):
            message = f"the number {uid[:20]} makes a very large lastlog"
            yield Finding(command.node, message, fix=Fix("--no-log-init"))
        elif uid.startswith("$") and not command.has("-l", "--no-log-init"):
            node = stage.expanded(command.at(list(command.words).index(uid)), command.instruction)
            if node.known and node.text.isdigit() and len(node.text) > 5:
                yield Finding(command.node, f"the number {node.text[:20]} makes a very large lastlog")
    yield from (Unknown(node, why) for node, why in stage.unread("useradd"))
