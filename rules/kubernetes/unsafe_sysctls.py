from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Workload
from gatekeeper.models.kubernetes.pod_security import sysctls
from gatekeeper.rule import rule


@rule(
    "k8s-unsafe-sysctls",
    gate="container-hardening",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["KSV-0026"],
)
def unsafe_sysctls(workload: Workload) -> Iterator[Finding]:
    """Pods set no kernel parameter that reaches beyond them.

    The kubelet refuses a pod with an unsafe sysctl unless its node allows it by name, and where it does, one pod can
    starve or slow down its neighbours. Safe are those of the Pod Security Standards. kube-linter's check of that name
    draws the line elsewhere: it also names parameters that are safe.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      securityContext:
        sysctls:
          - {name: net.ipv4.tcp_syncookies, value: "1"}
          # expect: kernel.msgmax
          - {name: kernel.msgmax, value: "65536"}
      containers: [{name: app, image: "app:1.2.0"}]
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      securityContext: {sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: "0"}]}
      containers: [{name: app, image: "app:1.2.0"}]
    ```
    """
    for breach in sysctls(workload):
        yield Finding(breach.at, f"{breach.words} is not safe: it reaches beyond this pod")
