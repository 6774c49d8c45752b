from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import rule

_SENSITIVE = frozenset(["/", "/boot", "/dev", "/etc", "/lib", "/proc", "/sys", "/usr", "/var/lib/docker"])


@rule(
    "k8s-host-path-sensitive",
    gate="container-hardening",
    severity="high",
    seed="6.1 Security Checklist",
    aliases=["KSV-0121"],
)
def host_path_sensitive(workload: Workload) -> Iterator[Finding]:
    """No pod mounts a system directory of its node.

    With `/etc`, `/proc` or `/` of the node a process in the pod can read its credentials or change how it boots. Only
    the directories themselves are meant, not what lies below them. kube-linter's sensitive-host-mounts asks for less:
    it passes a volume that no container mounts.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: agent}
    spec:
      template:
        spec:
          containers: [{name: agent, image: "agent:1.0.0"}]
          volumes:
            - name: host
              hostPath:
                # expect: the node's /etc
                path: /etc/
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: agent}
    spec:
      template:
        spec:
          containers: [{name: agent, image: "agent:1.0.0"}]
          volumes: [{name: logs, hostPath: {path: /var/log/pods}}]
    ```
    """
    for volume in workload.pod["volumes"]:
        path = volume["hostPath"]["path"]
        if path.text.startswith("/") and "/" + posixpath.normpath(path.text).lstrip("/") in _SENSITIVE:
            yield Finding(path, f"the node's {path.text} is inside this pod")
