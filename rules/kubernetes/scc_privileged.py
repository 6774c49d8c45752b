from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Object
from gatekeeper.rule import rule


@rule(
    "k8s-scc-privileged",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["kube-linter:scc-deny-privileged-container"],
    where=lambda each: each.kind == "SecurityContextConstraints",
)
def scc_privileged(each: Object) -> Iterator[Finding]:
    """No SecurityContextConstraints lets containers be privileged.

    On OpenShift they decide what a pod may ask for. Whoever may use these may own the node.

    Bad:
    ```yaml
    apiVersion: security.openshift.io/v1
    kind: SecurityContextConstraints
    metadata: {name: agents}
    # expect: privileged
    allowPrivilegedContainer: true
    users: ["system:serviceaccount:shop:agent"]
    ```

    Good:
    ```yaml
    apiVersion: security.openshift.io/v1
    kind: SecurityContextConstraints
    metadata: {name: agents}
    allowPrivilegedContainer: false
    ```
    """
    setting = each.node["allowPrivilegedContainer"]
    if setting == True:  # noqa: E712  # a node compares by value
        yield Finding(setting, f"whoever may use {each.object_name} may start privileged containers")
