from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Workload
from gatekeeper.models.kubernetes.pod_security import volume_types
from gatekeeper.rule import rule


@rule(
    "k8s-volume-types",
    gate="container-hardening",
    severity="off",
    seed="6.1 Security Hardening",
    aliases=["KSV-0028"],
)
def volume_types_restricted(workload: Workload) -> Iterator[Finding]:
    """Pods mount only volumes that say nothing about where they are stored.

    An `nfs` or `iscsi` volume in a pod names a server and its rights; a PersistentVolumeClaim leaves that to whoever
    runs the cluster. Part of the level `restricted` of the Pod Security Standards.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "app:1.2.0"}]
      volumes:
        - name: data
          # expect: type nfs
          nfs: {server: 10.0.0.4, path: /data}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "app:1.2.0"}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ```
    """
    for breach in volume_types(workload):
        yield Finding(breach.at, f"{breach.words}: ask for a PersistentVolumeClaim")
