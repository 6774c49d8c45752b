from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Container
from gatekeeper.models.kubernetes.pod_security import added
from gatekeeper.rule import rule


@rule(
    "k8s-capability-sys-admin",
    gate="container-hardening",
    severity="high",
    seed="6.1 Security Hardening",
    aliases=["CKV_K8S_39", "KSV-0005"],
    where=lambda container: container.asked_for("capabilities"),
)
def capability_sys_admin(container: Container) -> Iterator[Finding]:
    """No container is given SYS_ADMIN.

    The capability opens mounting, namespaces and much else of the kernel: with it, getting out of the container is a
    matter of a few commands. `ALL` holds it too. polaris' dangerousCapabilities also counts NET_ADMIN, and
    kube-linter's privilege-escalation-container asks for other things as well. Pods for Windows are not judged.

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
                    # expect: SYS_ADMIN
                    - SYS_ADMIN
          containers:
            - name: agent
              image: agent:1.0.0
              securityContext:
                # expect: SYS_ADMIN
                capabilities: {drop: [ALL], add: [CAP_SYS_ADMIN]}
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
          securityContext: {capabilities: {drop: [ALL, SYS_ADMIN], add: [NET_BIND_SERVICE]}}
    ```
    """
    for name, at in added(container):
        if name in ("SYS_ADMIN", "ALL"):
            yield Finding(at, f"{container.container_name} is given {name}: it can get out of its container")
