from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Container
from gatekeeper.models.kubernetes.pod_security import host_ports
from gatekeeper.rule import rule


@rule(
    "k8s-host-port",
    gate="container-hardening",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["CKV_K8S_26", "KSV-0024", "polaris:hostPortSet"],
    where=lambda container: container.asked_for("ports"),
)
def host_port(container: Container) -> Iterator[Finding]:
    """No container takes a port of its node.

    Such a port is open to whoever reaches the node, past every Service and most NetworkPolicies, and only one such pod
    fits on a node: rollouts wait for a node that is free. Agents that run on every node may need it: waive those by
    name.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: agent}
    spec:
      template:
        spec:
          containers:
            - name: agent
              image: agent:1.0.0
              ports:
                - containerPort: 8080
                # expect: hostPort 9100
                - {containerPort: 9100, hostPort: 9100}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "app:1.2.0", ports: [{containerPort: 8080, hostPort: 0}]}]
    ```
    """
    for breach in host_ports(container):
        yield Finding(breach.at, f"{breach.words}: {container.container_name} is open to whoever reaches its node")
