from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.links.log_levels import in_production, is_level, tells_all
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import rule


def _judged(container: Container) -> bool:
    return in_production(container.workload.namespace, container.path, container.variant) and any(
        is_level(each.name) for each in container.env
    )


@rule(
    "k8s-log-level-debug",
    gate="logging",
    severity="medium",
    seed="5.2 Logging, Log levels and retention policies",
    where=_judged,
)
def log_level_debug(container: Container) -> Iterator[Finding]:
    """In production nothing logs what it debugs.

    At the level `debug` or `trace` a program prints what it holds: requests with their headers, personal data, tokens.
    It costs time and money, and hides what matters. Judged are containers with a variable for the level, in a namespace
    or folder that says that it is production.

    Bad:
    ```yaml overlays/production/deployment.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            - name: app
              image: app:1.2.0
              env:
                - name: LOG_LEVEL
                  # expect: LOG_LEVEL is debug
                  value: debug
    ```

    Good:
    ```yaml k8s/deployment.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app, namespace: production}
    spec:
      template:
        spec:
          containers:
            - name: app
              image: app:1.2.0
              env: [{name: LOG_LEVEL, value: info}]
    ```
    """
    for each in container.env:
        if is_level(each.name) and each.value.present and tells_all(each.value.text):
            fix = Fix("set it to info")
            yield Finding(each.value, f"{each.name} is {each.value.text} in production", fix=fix)
