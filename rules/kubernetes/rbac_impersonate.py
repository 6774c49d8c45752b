from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project
from gatekeeper.links import holders_of, reach
from gatekeeper.models.kubernetes import Role
from gatekeeper.rule import rule

_WHO = ("users", "groups", "serviceaccounts")


@rule(
    "k8s-rbac-impersonate",
    gate="security-posture",
    severity="high",
    seed="7. Security Checklist, RBAC configured",
    aliases=["CKV2_K8S_3", "KSV-0043"],
    where=lambda role: not role.everything,
)
def rbac_impersonate(role: Role, project: Project) -> Iterator[Finding]:
    """No role may act as somebody else.

    With `impersonate` on users, groups or ServiceAccounts one is whoever one names, an administrator too, and the audit
    log shows it only to those who look for it. With `resourceNames` a role acts as those it names; the group
    `system:masters` among them is everything there is. Roles that allow everything are k8s-rbac-manage-all's.

    Bad:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: portal}
    rules:
      - apiGroups: [""]
        resources: [configmaps]
        verbs: [get]
      - apiGroups: [""]
        resources: [users, groups]
        # expect: act as anybody
        verbs: [impersonate]
      - apiGroups: [""]
        resources: [groups]
        resourceNames: [system:masters]
        # expect: act as anybody
        verbs: [impersonate]
    ```

    Good:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: portal}
    rules:
      - {apiGroups: [""], resources: [serviceaccounts], resourceNames: [reader], verbs: [impersonate]}
      - {apiGroups: [""], resources: [serviceaccounts], verbs: [get, create]}
    ```
    """
    see = tuple(Note(each.bound.node, f"{each.bound.words} is bound to it") for each in holders_of(role, project)[:3])
    for grant, resource in role.allowing(("impersonate",), "", _WHO, "system:masters"):
        words = f"{role.kind} {role.object_name} may act as anybody ({resource}), {reach(role, project)}"
        yield Finding(grant.node["verbs"], words, see)
