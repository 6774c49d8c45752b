from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.compose import Service
from gatekeeper.rule import rule

_SHARED = {"network_mode": "network", "pid": "processes", "ipc": "memory between processes", "userns_mode": "users"}


@rule(
    "compose-host-namespaces",
    gate="container-hardening",
    severity="medium",
    seed="6.1 Security Hardening",
    where=lambda service: not service.development,
)
def host_namespaces(service: Service) -> Iterator[Finding]:
    """No service shares the machine's network, processes or users.

    With `network_mode: host` a container reaches what listens on the machine's loopback, and listens itself on every
    address; with `pid: host` it sees and signals every process. Files that say of themselves that they are for
    development, tests or a demonstration are not judged.

    Bad:
    ```yaml compose.yaml
    services:
      agent:
        image: agent:1.0.0
        # expect: network
        network_mode: host
        # expect: processes
        pid: host
    ```

    Good:
    ```yaml compose.yaml
    services:
      agent: {image: "agent:1.0.0", network_mode: "service:app"}
      app: {image: "app:1.0.0"}
    ```
    """
    for field, what in _SHARED.items():
        own = service.node[field]
        if own.present and own == "host":
            yield Finding(own, f"{service.service_name} shares the machine's {what}")
