from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.compose import Service
from gatekeeper.rule import rule


@rule(
    "compose-memory-limit",
    gate="workload-reliability",
    severity="low",
    seed="4.2 Kubernetes Deployment Template",
    where=lambda service: service.whole and not service.development,
)
def memory_limit(service: Service) -> Iterator[Finding]:
    """Every service has a memory limit.

    Without one a leak takes the memory of the whole machine, and the kernel chooses which process dies. `mem_limit` and
    `deploy.resources.limits.memory` count. Files that say of themselves that they are for development, tests or a
    demonstration are not judged.

    Bad:
    ```yaml compose.yaml
    services:
      # expect: no memory limit
      web:
        image: nginx:1.29
        deploy: {resources: {reservations: {memory: 64M}}}
    ```

    Bad, none at all:
    ```yaml compose.prod.yaml
    services:
      # expect: no memory limit
      app: {image: "app:1.2.0", mem_limit: 0}
    ```

    Good:
    ```yaml compose.yaml
    services:
      web: {image: "nginx:1.29", deploy: {resources: {limits: {memory: 128M}}}}
      app: {image: "app:1.2.0", mem_limit: 512m}
    ```
    """
    limits = service["mem_limit"], service.at("deploy.resources.limits.memory")
    if not any(limit.present and limit != 0 and limit != "0" for limit in limits):
        fix = Fix("set deploy.resources.limits.memory")
        yield Finding(service, f"no memory limit: {service.service_name} may take all of the machine's", fix=fix)
