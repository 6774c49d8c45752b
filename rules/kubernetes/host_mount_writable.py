from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.kubernetes import Container, Workload
from gatekeeper.node import Node
from gatekeeper.rule import rule


@rule(
    "k8s-host-mount-writable",
    gate="container-hardening",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["kube-linter:writable-host-mount"],
    where=lambda container: any(_mounts(container)),
)
def host_mount_writable(container: Container) -> Iterator[Finding]:
    """A directory of the node is mounted to be read only.

    Who can write there changes what the node or its other pods read: a program that root starts, a file of the kubelet.
    Judged are containers that mount a `hostPath` volume. A socket is as open through a mount that is read-only.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: agent}
    spec:
      template:
        spec:
          initContainers:
            - name: setup
              image: setup:1.0.0
              volumeMounts:
                # expect: may write to the node's /opt/cni/bin
                - {name: bin, mountPath: /out}
          containers:
            - name: agent
              image: agent:1.0.0
              volumeMounts:
                - {name: logs, mountPath: /logs, readOnly: true}
                - name: state
                  # expect: may write to the node's /var/lib/agent
                  mountPath: /state
          volumes:
            - {name: bin, hostPath: {path: /opt/cni/bin}}
            - {name: logs, hostPath: {path: /var/log/pods}}
            - {name: state, hostPath: {path: /var/lib/agent}}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - name: app
          image: app:1.2.0
          volumeMounts: [{name: zone, mountPath: /etc/localtime, readOnly: true}, {name: tmp, mountPath: /tmp}]
      volumes:
        - {name: zone, hostPath: {path: /etc/localtime}}
        - {name: tmp, emptyDir: {}}
    ```
    """
    for mount, path in _mounts(container):
        if mount["readOnly"] != True:  # noqa: E712  # a node compares by value
            words = f"{container.container_name} may write to the node's {path.text}"
            yield Finding(mount["mountPath"], words, fix=Fix("readOnly: true on the mount"))


def _mounts(container: Container) -> Iterator[tuple[Node, Node]]:
    """The mounts of the node's directories, and the directories."""
    paths = _host_paths(container.workload)
    for mount in container.node["volumeMounts"]:
        path = paths.get(mount["name"].text)
        if path is not None:
            yield mount, path


def _host_paths(workload: Workload) -> dict[str, Node]:
    volumes = (each for each in workload.pod["volumes"] if each["hostPath"].present)
    return {volume["name"].text: volume["hostPath"]["path"] for volume in volumes}
