from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-expose-ssh",
    gate="container-hardening",
    severity="medium",
    seed="Anti-Patterns to Avoid: Snowflake servers",
    aliases=["CKV_DOCKER_1", "DS-0004"],
    where=lambda stage: bool(stage.instructions("EXPOSE")),
)
def expose_ssh(stage: Stage) -> Iterator[Finding]:
    """No image opens port 22.

    Whoever logs into a container changes what no commit shows, and an SSH server is one more thing to attack; `docker
    exec` and `kubectl exec` need none. A range that holds 22 opens it too.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: 22
    EXPOSE 80 22/tcp
    ```

    Bad, in a range:
    ```dockerfile
    FROM debian:13
    # expect: 22
    EXPOSE 20-25
    ```

    Good:
    ```dockerfile
    FROM debian:13
    EXPOSE 2222 8022 22/udp
    ```
    """
    for port in stage.own_ports:
        if port.known and port.first <= 22 <= port.last and port.protocol == "tcp":
            yield Finding(port.node, "opens port 22, SSH's", fix=Fix("leave SSH out; use docker or kubectl exec"))
