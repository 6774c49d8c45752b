from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import rule


@rule(
    "k8s-ssh-port",
    gate="security-posture",
    severity="medium",
    seed="Anti-Patterns to Avoid: Snowflake servers",
    aliases=["kube-linter:ssh-port"],
    where=lambda container: bool(container.ports),
)
def ssh_port(container: Container) -> Iterator[Finding]:
    """No container offers SSH.

    Who can log in changes what runs, and the change is gone or unknown with the next deployment. `kubectl exec` is
    logged and needs a right of its own; a shell server needs keys, an audit of its own, and one more port that is open.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            - name: app
              image: app:1.2.0
              ports:
                # expect: port 22
                - containerPort: 22
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            - {name: app, image: "app:1.2.0", ports: [{containerPort: 8080}, {containerPort: 22, protocol: UDP}]}
    ```
    """
    for port in container.ports:
        number = port.node["containerPort"]
        if port.protocol == "TCP" and number.number == 22:
            words = f"{container.container_name} offers port 22, which is SSH's"
            yield Finding(number, words, fix=Fix("use kubectl exec; a Git server may listen to another port"))
