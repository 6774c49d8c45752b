from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project
from gatekeeper.links import holders_of, reach
from gatekeeper.models.kubernetes import Role
from gatekeeper.rule import rule

_VERBS = ("create", "update", "patch")
_RESOURCES = ("clusterrolebindings", "rolebindings", "clusterroles", "roles")


@rule(
    "k8s-rbac-manage-rbac",
    gate="security-posture",
    severity="medium",
    seed="7. Security Checklist, RBAC configured",
    aliases=["KSV-0050"],
    where=lambda role: not role.sweeping,
)
def rbac_manage_rbac(role: Role, project: Project) -> Iterator[Finding]:
    """Few roles may give rights.

    Who writes roles and bindings gives to others what it holds itself; the API keeps it from giving more, unless it may
    also `bind` or `escalate`, which is k8s-rbac-escalate-bind. Operators that make ServiceAccounts for what they run
    need it. Roles that may change everything are k8s-rbac-manage-all's.

    Bad:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: app}
    rules:
      - apiGroups: [""]
        resources: [configmaps]
        verbs: [get]
      - apiGroups: [rbac.authorization.k8s.io]
        resources: [rolebindings]
        # expect: rolebindings
        verbs: [get, create]
    ```

    Good:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: app}
    rules:
      - {apiGroups: [rbac.authorization.k8s.io], resources: [rolebindings], verbs: [get, list]}
    ```
    """
    see = tuple(Note(each.bound.node, f"{each.bound.words} is bound to it") for each in holders_of(role, project)[:3])
    for grant, resource in role.allowing(_VERBS, "rbac.authorization.k8s.io", _RESOURCES):
        words = f"{role.kind} {role.object_name} may give its rights to others ({resource}), {reach(role, project)}"
        yield Finding(grant.node["verbs"], words, see)
