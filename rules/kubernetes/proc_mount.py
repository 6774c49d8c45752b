from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Container
from gatekeeper.models.kubernetes.pod_security import proc_mount as mounts
from gatekeeper.rule import rule


@rule(
    "k8s-proc-mount",
    gate="container-hardening",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["KSV-0027", "kube-linter:unsafe-proc-mount", "polaris:procMount"],
    where=lambda container: container.asked_for("procMount"),
)
def proc_mount(container: Container) -> Iterator[Finding]:
    """Every container has the masked view of /proc.

    The runtime hides the parts of `/proc` that show or change the whole node. `procMount: Unmasked` shows them again,
    which only a container with a user namespace of its own may have.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: builder}
    spec:
      containers:
        - name: builder
          image: builder:1.0.0
          securityContext:
            # expect: Unmasked
            procMount: Unmasked
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "app:1.2.0", securityContext: {procMount: Default}}]
    ```
    """
    for breach in mounts(container):
        yield Finding(breach.at, f"{container.container_name} has {breach.words}: it sees the node's /proc")
