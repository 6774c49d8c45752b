from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Workload
from gatekeeper.models.kubernetes.pod_security import unconfined
from gatekeeper.rule import rule


@rule(
    "k8s-seccomp-unconfined",
    gate="container-hardening",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["KSV-0104"],
)
def seccomp_unconfined(workload: Workload) -> Iterator[Finding]:
    """No pod turns off the filter of system calls.

    Absent, a node's default decides; `Unconfined` refuses even that, and a container may make every call the kernel
    has.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      securityContext: {seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: app
          image: app:1.2.0
          securityContext:
            seccompProfile:
              # expect: Unconfined
              type: Unconfined
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      securityContext: {seccompProfile: {type: RuntimeDefault}}
      containers: [{name: app, image: "app:1.2.0"}]
    ```
    """
    for breach in unconfined(workload):
        yield Finding(breach.at, f"{breach.words}: every system call is open")
