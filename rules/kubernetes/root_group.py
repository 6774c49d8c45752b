from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Workload
from gatekeeper.node import Node
from gatekeeper.rule import rule


@rule(
    "k8s-root-group",
    gate="container-hardening",
    severity="low",
    seed="6.1 Security Hardening",
    aliases=["KSV-0116"],
    where=lambda workload: not workload.windows,
)
def root_group(workload: Workload) -> Iterator[Finding]:
    """No pod is put into root's group.

    Files of a node or a volume are often open to group 0. Judged is what is written: `runAsGroup`, `fsGroup` and
    `supplementalGroups` of the pod, `runAsGroup` of a container. OpenShift gives group 0 by itself. Pods for Windows
    are not judged.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          securityContext:
            runAsUser: 1000
            # expect: fsGroup 0
            fsGroup: 0
            # expect: supplementalGroups 0
            supplementalGroups: [2000, 0]
          containers:
            # expect: runAsGroup 0
            - {name: app, image: "app:1.2.0", securityContext: {runAsGroup: 0}}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      securityContext: {runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, supplementalGroups: [2000]}
      containers: [{name: app, image: "app:1.2.0"}]
    ```
    """
    for field, at in _groups(workload):
        if at.number == 0:
            yield Finding(at, f"{field} 0 is root's group")


def _groups(workload: Workload) -> Iterator[tuple[str, Node]]:
    of_pod = workload.pod["securityContext"]
    for field in ("runAsGroup", "fsGroup"):
        yield field, of_pod[field]
    for at in of_pod["supplementalGroups"]:
        yield "supplementalGroups", at
    for container in workload.containers:
        yield "runAsGroup", container.node["securityContext"]["runAsGroup"]
