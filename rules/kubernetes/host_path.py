from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Workload
from gatekeeper.models.kubernetes.pod_security import host_paths
from gatekeeper.rule import rule


@rule(
    "k8s-host-path",
    gate="container-hardening",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["KSV-0023", "polaris:hostPathSet"],
)
def host_path(workload: Workload) -> Iterator[Finding]:
    """No pod mounts a directory of its node.

    What lies on a node belongs to every pod there and outlives this one; a writable mount is a way out of the
    container. Use a PersistentVolumeClaim, or `emptyDir` for what may be lost. Agents that read a node's logs or
    metrics need it: waive those by name. k8s-host-path-sensitive says which directories are the worst.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: db}
    spec:
      template:
        spec:
          containers: [{name: db, image: "postgres:16.4"}]
          volumes:
            - name: data
              hostPath:
                # expect: the node's /mnt/data
                path: /mnt/data
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "app:1.2.0"}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}, {name: tmp, emptyDir: {}}]
    ```
    """
    for breach in host_paths(workload):
        yield Finding(breach.at, f"{breach.words} is inside this pod")
