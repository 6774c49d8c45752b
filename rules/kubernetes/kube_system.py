from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import rule


@rule(
    "k8s-kube-system",
    gate="security-posture",
    severity="low",
    seed="6.1 Security Hardening",
    aliases=["KSV-0037"],
    where=lambda workload: not workload.pod["priorityClassName"].text.startswith("system-"),
)
def kube_system(workload: Workload) -> Iterator[Finding]:
    """Workloads keep out of the namespace kube-system.

    Who may read its Secrets or start pods there has the cluster, and policies often leave it out. Parts of the cluster
    itself belong there: pods with a `system-` priority class are not judged.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    # expect: kube-system
    metadata: {name: app, namespace: kube-system}
    spec: {template: {spec: {containers: [{name: app, image: "app:1.2.0"}]}}}
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app, namespace: shop}
    spec: {template: {spec: {containers: [{name: app, image: "app:1.2.0"}]}}}
    ---
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: network, namespace: kube-system}
    spec:
      template:
        spec: {priorityClassName: system-node-critical, containers: [{name: network, image: "network:1.2.0"}]}
    ```
    """
    if workload.namespace == "kube-system":
        yield Finding(workload, f"{workload.object_name} stands among the cluster's own parts, in kube-system")
