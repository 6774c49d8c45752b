from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Note, Unknown
from gatekeeper.models.docker import Stage
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_ADDRESS = regex(r"(https?)://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::([^/?#\s]*))?(?:[/?#]|\Z)", 2)


def _addresses(stage: Stage) -> Iterator[Node]:
    found = stage.last("HEALTHCHECK")
    for command in stage.health_commands if found else ():
        for number, word in enumerate(command.words):
            if found and _ADDRESS.match(word):
                at = command.at(number)
                yield found[0].expanded(Node(word, at.source, at.span), found[1])


@rule(
    "docker-healthcheck-port",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    where=lambda stage: stage.ships and bool(stage.exposed) and any(_addresses(stage)),
)
def healthcheck_port(stage: Stage) -> Iterator[Answer]:
    """HEALTHCHECK asks at a port that the image says it opens.

    When EXPOSE and the check disagree, one of them is out of date, and a check at the wrong port fails for ever.

    Bad:
    ```dockerfile
    FROM node:20-alpine
    EXPOSE 3000
    # expect: 8080
    HEALTHCHECK CMD wget -q --spider http://localhost:8080/health || exit 1
    ```

    Bad, the default port:
    ```dockerfile
    FROM node:20-alpine
    ENV PORT=3000
    EXPOSE $PORT
    # expect: 80
    HEALTHCHECK CMD ["wget", "-q", "--spider", "http://127.0.0.1/health"]
    ```

    Good:
    ```dockerfile
    FROM node:20-alpine
    ENV PORT=3000
    EXPOSE 3000 9000-9010/tcp
    HEALTHCHECK CMD wget -q http://localhost:${PORT}/health && wget http://localhost:9005 && wget https://example.com
    ```

    Unknown:
    ```dockerfile
    FROM node:20-alpine
    EXPOSE $PORT
    HEALTHCHECK CMD wget -q http://localhost:3000/health
    ```
    """
    for address in _addresses(stage):
        match = _ADDRESS.match(address.text) if address.known else None
        port = (match[2] or {"http": "80", "https": "443"}[match[1].lower()]) if match else ""
        if any(not each.known for each in stage.exposed) or not port.isdigit():
            yield Unknown(address, "which ports these are cannot be told")
        elif not any(each.first <= int(port[:6]) <= each.last for each in stage.exposed):
            note = (Note(stage.exposed[0].node, "what is opened"),)
            yield Finding(address, f"asks at port {port[:6]}, which is not opened", note, Fix("one port in both"))
