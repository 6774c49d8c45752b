from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project
from gatekeeper.links import holders_of, reach
from gatekeeper.models.kubernetes import Grant, Role
from gatekeeper.rule import rule


@rule(
    "k8s-rbac-wildcard",
    gate="security-posture",
    severity="medium",
    seed="7. Security Checklist, RBAC configured",
    aliases=["CKV_K8S_49", "KSV-0045", "kube-linter:wildcard-in-rules"],
)
def rbac_wildcard(role: Role, project: Project) -> Iterator[Finding]:
    """Roles name the verbs and the resources that they allow.

    A `*` also stands for what nobody thought of: verbs like `escalate` and `impersonate`, resources that a later
    version or another operator brings. All rules of a role are looked at. An operator's role over the resources of its
    own API group is the mildest case. A `*` for the API group alone is not meant.

    Bad:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: app, namespace: shop}
    rules:
      - apiGroups: [""]
        resources: [pods]
        verbs: [get, list]
      - apiGroups: [apps]
        resources: [deployments, deployments/scale]
        # expect: every verb
        verbs: ["*"]
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: app}
    rules:
      - apiGroups: [batch]
        # expect: every resource
        resources: ["*"]
        verbs: [get]
    ```

    Good:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: app, namespace: shop}
    rules:
      - {apiGroups: [apps], resources: [deployments], verbs: [get, list, patch]}
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: metrics}
    rules:
      - {nonResourceURLs: [/metrics], verbs: [get]}
    ```

    Unknown, filled in later:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: app}
    rules: [{apiGroups: [""], resources: [pods], verbs: ["${VERB}"]}]
    ```
    """
    see = tuple(Note(each.bound.node, f"{each.bound.words} is bound to it") for each in holders_of(role, project)[:3])
    for grant in role.grants:
        stars = [field for field in ("verbs", "resources") if "*" in getattr(grant, field)]
        if stars:
            what = " and ".join({"verbs": "every verb", "resources": "every resource"}[field] for field in stars)
            words = f"{role.kind} {role.object_name} allows {what} {_of(grant)}, {reach(role, project)}"
            yield Finding(grant.node[stars[0]], words, see)


def _of(grant: Grant) -> str:
    if not grant.resources:
        return "on paths of the API server"
    if "*" not in grant.resources:
        return "on " + ", ".join(sorted(grant.resources)[:3]) + (" and more" if len(grant.resources) > 3 else "")
    groups = ", ".join(sorted(group or "core" for group in grant.groups - {"*"})[:3])
    return f"of {groups}" if groups else "of every API group"
