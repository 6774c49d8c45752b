from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Workload
from gatekeeper.node import regex
from gatekeeper.rule import rule

_SOCKET = regex(r"(?:.*/)?(?:docker|containerd|crio|cri-dockerd|podman)\.sock/*\Z")
_FOLDERS = frozenset(
    f"{run}{below}"
    for run in ("/run", "/var/run")
    for below in ("", "/docker", "/containerd", "/crio", "/podman", "/k3s", "/k3s/containerd")
)


@rule(
    "k8s-docker-socket",
    gate="container-hardening",
    severity="high",
    seed="6.1 Security Checklist",
    aliases=["CKV_K8S_27", "KSV-0006", "kube-linter:docker-sock"],
)
def docker_socket(workload: Workload) -> Iterator[Finding]:
    """No pod mounts the container runtime's socket.

    Whoever may write to that socket starts containers of any kind on the node, as root. The sockets of containerd,
    CRI-O and Podman give the same power as Docker's, and so does the folder that one lies in. A mount that is read-only
    does not help: a socket is not written to as a file is.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: builder}
    spec:
      containers: [{name: builder, image: "builder:1.0.0"}]
      volumes:
        - name: docker
          # expect: docker.sock
          hostPath: {path: /var/run/docker.sock}
        - name: containerd
          # expect: containerd.sock
          hostPath: {path: /run/containerd/containerd.sock, type: Socket}
        - name: run
          # expect: /var/run/
          hostPath: {path: /var/run/}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "app:1.0.0"}]
      volumes:
        - {name: cache, emptyDir: {}}
        - {name: data, hostPath: {path: /mnt/data}}
        - {name: plugins, hostPath: {path: /run/flannel}}
    ```
    """
    for volume in workload.pod["volumes"]:
        path = volume["hostPath"]["path"]
        if _SOCKET.match(path.text) or posixpath.normpath(path.text) in _FOLDERS:
            yield Finding(path, f"{path.text}: whoever is in this pod rules the node's containers")
