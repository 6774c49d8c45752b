from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule


@rule(
    "docker-port-range",
    gate="container-hardening",
    severity="high",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DS-0008", "DL3011"],
    where=lambda stage: bool(stage.instructions("EXPOSE")),
)
def port_range(stage: Stage) -> Iterator[Finding]:
    """Every port of EXPOSE lies between 0 and 65535.

    There are no others: the build stops, or what runs the image refuses it later. Ranges and variables with a default
    are looked into.

    Bad:
    ```dockerfile
    FROM nginx:1.29
    # expect: 70000
    EXPOSE 80 70000/tcp
    ```

    Bad, a range, and a default:
    ```dockerfile
    FROM nginx:1.29
    ARG PORT=99999
    # expect: 65540
    EXPOSE 65530-65540
    # expect: 99999
    EXPOSE $PORT
    ```

    Good:
    ```dockerfile
    FROM nginx:1.29
    EXPOSE 80 443/udp 8000-8010 65535
    EXPOSE $PORT
    ```
    """
    for port in stage.own_ports:
        if port.known and port.last > 65535:
            yield Finding(port.node, f"{port.last} is no port", fix=Fix("a port up to 65535"))
