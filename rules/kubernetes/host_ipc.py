from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import rule


@rule(
    "k8s-host-ipc",
    gate="container-hardening",
    severity="high",
    seed="6.1 Security Checklist",
    aliases=["CKV_K8S_18", "KSV-0008", "kube-linter:host-ipc", "polaris:hostIPCSet"],
)
def host_ipc(workload: Workload) -> Iterator[Finding]:
    """No pod shares the inter-process communication of its node.

    Such a pod can read and write the shared memory and message queues of everything else on the node.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: agent}
    spec:
      template:
        spec:
          # expect: hostIPC
          hostIPC: true
          containers: [{name: agent, image: "agent:1.0.0"}]
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      hostIPC: false
      containers: [{name: app, image: "app:1.0.0"}]
    ```
    """
    setting = workload.pod["hostIPC"]
    if setting == True:  # noqa: E712  # a node compares by value
        yield Finding(setting, f"hostIPC: {workload.object_name} reads the node's shared memory")
