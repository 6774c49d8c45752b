from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import rule


@rule(
    "k8s-privileged-port",
    gate="container-hardening",
    severity="low",
    seed="6.1 Security Hardening",
    aliases=["KSV-0117", "kube-linter:privileged-ports"],
    where=lambda container: bool(container.ports),
)
def privileged_port(container: Container) -> Iterator[Finding]:
    """Containers listen to ports from 1024 on.

    For a port below 1024 a process needs root, the capability NET_BIND_SERVICE, or a runtime that lifts the rule
    (containerd and CRI-O do today): it is a hint that the image was made to run as root. The Service may keep port 80
    all the same.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        spec:
          containers:
            - name: web
              image: web:1.2.0
              ports:
                - containerPort: 8443
                # expect: port 80
                - containerPort: 80
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        spec:
          containers: [{name: web, image: "web:1.2.0", ports: [{containerPort: 8080}]}]
    ```
    """
    for port in container.ports:
        number = port.node["containerPort"].number
        if number is not None and 0 < number < 1024:
            at = port.node["containerPort"]
            yield Finding(at, f"{container.container_name} listens to port {number:g}: below 1024 it may need root")
