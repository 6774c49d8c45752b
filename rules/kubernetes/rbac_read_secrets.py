from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project
from gatekeeper.links import holders_of, reach
from gatekeeper.models.kubernetes import Role
from gatekeeper.rule import rule

_VERBS = ("get", "list", "watch")
_RESOURCES = ("secrets",)


@rule(
    "k8s-rbac-read-secrets",
    gate="security-posture",
    severity="medium",
    seed="7. Security Checklist, RBAC configured",
    aliases=["CKV2_K8S_5", "KSV-0041", "KSV-0113", "kube-linter:access-to-secrets"],
    where=lambda role: not role.sweeping,
)
def rbac_read_secrets(role: Role, project: Project) -> Iterator[Finding]:
    """No role may read every Secret.

    Passwords, keys and the tokens of other ServiceAccounts lie there: who can read all of them is soon somebody else.
    `list` and `watch` show the contents as `get` does. With `resourceNames` a role reads those it names. A ClusterRole
    counts wherever it is bound, and the finding says who is bound to it here. Roles that may change everything are left
    to k8s-rbac-manage-all.

    Bad:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: app}
    rules:
      - apiGroups: [""]
        resources: [configmaps]
        verbs: [get]
      - apiGroups: [""]
        resources: [pods, secrets]
        # expect: every Secret, wherever it is bound
        verbs: [list]
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: app, namespace: shop}
    rules:
      - apiGroups: ["*"]
        resources: ["*"]
        # expect: every Secret, in namespace shop
        verbs: [get]
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: app, namespace: shop}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: app}
    subjects: [{kind: ServiceAccount, name: app}]
    ```

    Good:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: app}
    rules:
      - {apiGroups: [""], resources: [secrets], resourceNames: [app-tls], verbs: [get]}
      - {apiGroups: [""], resources: [secrets], verbs: [create]}
      - {apiGroups: [example.com], resources: [secrets], verbs: [get]}
    ```
    """
    see = tuple(Note(each.bound.node, f"{each.bound.words} is bound to it") for each in holders_of(role, project)[:3])
    for grant, _ in role.allowing(_VERBS, "", _RESOURCES):
        words = f"{role.kind} {role.object_name} may read every Secret, {reach(role, project)}"
        yield Finding(grant.node["verbs"], words, see)
