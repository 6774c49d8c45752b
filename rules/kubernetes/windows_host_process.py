from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Workload
from gatekeeper.models.kubernetes.pod_security import host_processes
from gatekeeper.rule import rule


@rule(
    "k8s-windows-host-process",
    gate="container-hardening",
    severity="high",
    seed="6.1 Security Hardening",
    aliases=["KSV-0103", "polaris:hostProcess"],
)
def windows_host_process(workload: Workload) -> Iterator[Finding]:
    """No pod for Windows is a process of its node.

    A HostProcess container is no container: it runs on the Windows node itself, with the rights of the account that it
    names. Agents of the node need it: waive those by name.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: agent}
    spec:
      template:
        spec:
          os: {name: windows}
          securityContext:
            windowsOptions:
              # expect: hostProcess
              hostProcess: true
              runAsUserName: NT AUTHORITY\\SYSTEM
          hostNetwork: true
          containers: [{name: agent, image: "agent:1.0.0"}]
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      os: {name: windows}
      securityContext: {windowsOptions: {runAsUserName: ContainerUser}}
      containers: [{name: app, image: "app:1.2.0"}]
    ```
    """
    for breach in host_processes(workload):
        yield Finding(breach.at, f"{breach.words}: {workload.object_name} runs on the node itself")
