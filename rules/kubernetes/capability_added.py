from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Container
from gatekeeper.models.kubernetes.pod_security import added
from gatekeeper.rule import rule


@rule(
    "k8s-capability-added",
    gate="container-hardening",
    severity="low",
    seed="6.1 Security Hardening",
    aliases=["CKV_K8S_25", "KSV-0022"],
    where=lambda container: container.asked_for("capabilities"),
)
def capability_added(container: Container) -> Iterator[Finding]:
    """No container is given capabilities.

    Each capability is a part of what root may do. Many programs ask for one out of habit: a port below 1024 needs
    `NET_BIND_SERVICE` only where the runtime does not lift the rule. Keep those that the program fails without, and say
    why in a waiver. Pods for Windows are not judged.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - name: app
          image: app:1.2.0
          securityContext:
            capabilities:
              drop: [ALL]
              # expect: SYS_PTRACE
              add: [SYS_PTRACE]
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "app:1.2.0", securityContext: {capabilities: {drop: [ALL], add: []}}}]
    ```

    Unknown, filled in later:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "app:1.2.0", securityContext: {capabilities: {add: ["${CAPABILITY}"]}}}]
    ```
    """
    for name, at in added(container):
        yield Finding(at, f"{container.container_name} is given the capability {name}")
