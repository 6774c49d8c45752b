from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import rule


@rule(
    "k8s-host-pid",
    gate="container-hardening",
    severity="high",
    seed="6.1 Security Checklist",
    aliases=["CKV_K8S_17", "KSV-0010", "kube-linter:host-pid", "polaris:hostPIDSet"],
)
def host_pid(workload: Workload) -> Iterator[Finding]:
    """No pod shares the processes of its node.

    Such a pod sees every process of the node with its environment, and can signal those of the same user. Some node
    agents need it: waive those by name.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: agent}
    spec:
      template:
        spec:
          # expect: hostPID
          hostPID: true
          containers: [{name: agent, image: "agent:1.0.0"}]
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      hostPID: false
      containers: [{name: app, image: "app:1.0.0"}]
    ```
    """
    setting = workload.pod["hostPID"]
    if setting == True:  # noqa: E712  # a node compares by value
        yield Finding(setting, f"hostPID: {workload.object_name} sees every process of the node")
