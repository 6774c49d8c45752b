from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.kubernetes import Object
from gatekeeper.models.kubernetes.pod_security import ENFORCE, LEVELS
from gatekeeper.rule import rule


@rule(
    "k8s-pod-security-label",
    gate="security-posture",
    severity="low",
    seed="6.1 Security Hardening",
    where=lambda each: each.kind == "Namespace" and each.api_version == "v1",
)
def pod_security_label(each: Object) -> Iterator[Finding]:
    """Every namespace says which pods it lets in.

    The label `pod-security.kubernetes.io/enforce` makes the API refuse pods that ask for more than `baseline` or
    `restricted` allow. Without it, or with `privileged`, whoever may start a pod in the namespace may own a node. A
    policy engine (Kyverno, Gatekeeper) can do the same: waive it then. Judged are the Namespaces that are written here.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Namespace
    # expect: any pod
    metadata: {name: shop, labels: {team: orders}}
    ---
    apiVersion: v1
    kind: Namespace
    metadata:
      name: agents
      labels:
        # expect: any pod
        pod-security.kubernetes.io/enforce: privileged
    ---
    apiVersion: v1
    kind: Namespace
    metadata:
      name: web
      labels:
        # expect: no level
        pod-security.kubernetes.io/enforce: strict
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}
    ```
    """
    label = each.metadata["labels"][ENFORCE]
    fix = Fix(f"label it {ENFORCE}: restricted, or baseline")
    if not label.present:
        yield Finding(each, f"namespace {each.object_name} lets in any pod: it has no label {ENFORCE}", fix=fix)
    elif label.text not in LEVELS:
        yield Finding(label, f"{label.text} is no level of Pod Security", fix=fix)
    elif label.text == "privileged":
        yield Finding(label, f"namespace {each.object_name} lets in any pod", fix=fix)
