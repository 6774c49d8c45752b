from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Container
from gatekeeper.models.kubernetes.pod_security import added
from gatekeeper.rule import rule


@rule(
    "k8s-capability-sys-module",
    gate="container-hardening",
    severity="high",
    seed="6.1 Security Hardening",
    aliases=["KSV-0120"],
    where=lambda container: container.asked_for("capabilities"),
)
def capability_sys_module(container: Container) -> Iterator[Finding]:
    """No container is given SYS_MODULE.

    Who may load a module into the kernel owns the node: the kernel is everybody's. `ALL` holds the capability too. Pods
    for Windows are not judged.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: agent}
    spec:
      template:
        spec:
          initContainers:
            - name: setup
              image: setup:1.0.0
              securityContext:
                capabilities:
                  add:
                    - CHOWN
                    # expect: SYS_MODULE
                    - SYS_MODULE
          containers:
            - name: agent
              image: agent:1.0.0
              securityContext:
                # expect: SYS_MODULE
                capabilities: {drop: [ALL], add: [CAP_SYS_MODULE]}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - name: app
          image: app:1.2.0
          securityContext: {capabilities: {drop: [ALL, SYS_MODULE], add: [NET_BIND_SERVICE]}}
    ```
    """
    for name, at in added(container):
        if name in ("SYS_MODULE", "ALL"):
            yield Finding(at, f"{container.container_name} is given {name}: it can load modules into the node's kernel")
