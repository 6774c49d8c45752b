from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.compose import Service
from gatekeeper.rule import rule


@rule(
    "compose-restart",
    gate="workload-reliability",
    severity="low",
    seed="4.2 Kubernetes Deployment Template",
    where=lambda service: service.whole and not service.development,
)
def restart(service: Service) -> Iterator[Finding]:
    """Every service is started again when it stops.

    Without a restart policy a service that crashes, or a machine that reboots, is an outage until somebody looks.
    `restart` counts, and `deploy.restart_policy`, which Swarm reads. `on-failure` is enough for what ends by itself.
    Files that say of themselves that they are for development, tests or a demonstration are not judged.

    Bad:
    ```yaml compose.yaml
    services:
      # expect: no restart policy
      web:
        image: nginx:1.29
      app:
        image: app:1.2.0
        # expect: never
        restart: "no"
    ```

    Good:
    ```yaml compose.yaml
    services:
      web: {image: "nginx:1.29", restart: unless-stopped}
      app:
        image: app:1.2.0
        deploy: {restart_policy: {condition: on-failure}}
    ```

    Good, another file adds it:
    ```yaml compose.yaml
    services:
      web: {image: "nginx:1.29"}
    ```
    ```yaml compose.prod.yaml
    services:
      web: {restart: always}
    ```
    """
    policy, deployed = service["restart"], service.at("deploy.restart_policy")
    if deployed.present:
        if deployed["condition"] == "none":
            yield Finding(deployed["condition"], f"{service.service_name} is never started again")
    elif not policy.present:
        fix = Fix("restart: unless-stopped")
        yield Finding(service, f"no restart policy: {service.service_name} stays down when it stops", fix=fix)
    elif policy.text in ("no", "false"):
        yield Finding(policy, f"{service.service_name} is never started again")
