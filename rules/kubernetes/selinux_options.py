from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Workload
from gatekeeper.models.kubernetes.pod_security import selinux
from gatekeeper.rule import rule


@rule(
    "k8s-selinux-options",
    gate="container-hardening",
    severity="off",
    seed="6.1 Security Hardening",
    aliases=["KSV-0025"],
)
def selinux_options(workload: Workload) -> Iterator[Finding]:
    """Pods keep to the SELinux types for containers.

    Another type, user or role may lift the fence that SELinux draws around a container. Part of the Pod Security
    Standards; off, because a cluster without SELinux ignores it and k8s-pod-security-refused knows it too.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - name: app
          image: app:1.2.0
          # expect: SELinux type spc_t
          securityContext: {seLinuxOptions: {type: spc_t}}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "app:1.2.0", securityContext: {seLinuxOptions: {type: container_t}}}]
    ```
    """
    for breach in selinux(workload):
        yield Finding(breach.at, f"{breach.words} is none of those for containers")
