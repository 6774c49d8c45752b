from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import rule


@rule(
    "k8s-host-network",
    gate="container-hardening",
    severity="high",
    seed="6.1 Security Checklist",
    aliases=["CKV_K8S_19", "KSV-0009", "kube-linter:host-network", "polaris:hostNetworkSet"],
)
def host_network(workload: Workload) -> Iterator[Finding]:
    """No pod shares the network of its node.

    Such a pod can listen to the node's traffic, reach services bound to localhost, and no NetworkPolicy holds it.
    Network plugins and some node agents need it: waive those by name.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: agent}
    spec:
      template:
        spec:
          # expect: hostNetwork
          hostNetwork: true
          containers: [{name: agent, image: "agent:1.0.0"}]
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      hostNetwork: false
      containers: [{name: app, image: "app:1.0.0"}]
    ```
    """
    setting = workload.pod["hostNetwork"]
    if setting == True:  # noqa: E712  # a node compares by value
        yield Finding(setting, f"hostNetwork: {workload.object_name} has the node's network, past every NetworkPolicy")
