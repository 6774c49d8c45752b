from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Container
from gatekeeper.models.kubernetes.pod_security import added
from gatekeeper.rule import rule


@rule(
    "k8s-capability-net-raw-added",
    gate="container-hardening",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["KSV-0119"],
    where=lambda container: container.asked_for("capabilities"),
)
def capability_net_raw_added(container: Container) -> Iterator[Finding]:
    """No container is given NET_RAW.

    With raw sockets a process can send packets with any address as their sender, and take over what is meant for other
    pods. `ALL` holds the capability too. It is also among those that a container has when it drops nothing: that is
    k8s-capabilities-drop-all. Pods for Windows are not judged.

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
                    # expect: NET_RAW
                    - NET_RAW
          containers:
            - name: agent
              image: agent:1.0.0
              securityContext:
                # expect: NET_RAW
                capabilities: {drop: [ALL], add: [CAP_NET_RAW]}
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
          securityContext: {capabilities: {drop: [ALL, NET_RAW], add: [NET_BIND_SERVICE]}}
    ```
    """
    for name, at in added(container):
        if name in ("NET_RAW", "ALL"):
            yield Finding(at, f"{container.container_name} is given {name}: it can forge packets")
