from __future__ import annotations

from collections.abc import Iterator

from gatekeeper_compose.model import Service

from gatekeeper import Finding
from gatekeeper.rule import rule


@rule("compose-restart", gate="workload-reliability", severity="high", seed="4.2 Kubernetes Deployment Template")
def restart(service: Service) -> Iterator[Finding]:
    """A service comes back after it stops.

    Without a restart policy a crash at night is an outage until somebody wakes up.

    Bad:
    ```yaml
    services:
      # expect: no restart policy
      web: {image: "nginx:1.27"}
      db:
        image: postgres:17
        # expect: never restarts
        restart: "no"
    ```

    Good:
    ```yaml
    services:
      web: {image: "nginx:1.27", restart: unless-stopped}
    ```
    """
    policy = service.node["restart"]
    if not policy.present:
        yield Finding(service, "no restart policy")
    elif policy == "no":
        yield Finding(policy, "never restarts")
