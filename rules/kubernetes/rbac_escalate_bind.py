from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project
from gatekeeper.links import holders_of, reach
from gatekeeper.models.kubernetes import Role
from gatekeeper.models.kubernetes.rbac import GROUP
from gatekeeper.rule import rule


@rule(
    "k8s-rbac-escalate-bind",
    gate="security-posture",
    severity="high",
    seed="7. Security Checklist, RBAC configured",
    aliases=["CKV_K8S_157", "CKV_K8S_158"],
    where=lambda role: not role.everything,
)
def rbac_escalate_bind(role: Role, project: Project) -> Iterator[Finding]:
    """No role may give itself more rights.

    With `escalate` one writes a role that allows more than one has; with `bind` one binds any role, cluster-admin too.
    Either is cluster-admin with a detour. `bind` with `resourceNames` is held to those roles, which is how to let an
    operator bind. Roles that allow everything are k8s-rbac-manage-all's; writing roles and bindings without these verbs
    is k8s-rbac-manage-rbac's.

    Bad:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: operator}
    rules:
      - apiGroups: [""]
        resources: [configmaps]
        verbs: [get]
      - apiGroups: [rbac.authorization.k8s.io]
        resources: [roles]
        # expect: escalate on roles
        verbs: [get, escalate]
      - apiGroups: [rbac.authorization.k8s.io]
        resources: [clusterroles]
        resourceNames: [cluster-admin]
        # expect: bind on clusterroles
        verbs: [bind]
    ```

    Good:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: operator}
    rules:
      - {apiGroups: [rbac.authorization.k8s.io], resources: [roles, rolebindings], verbs: [get, create]}
      - {apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], resourceNames: [app-reader], verbs: [bind]}
    ```
    """
    see = tuple(Note(each.bound.node, f"{each.bound.words} is bound to it") for each in holders_of(role, project)[:3])
    for grant, resource in role.allowing(("escalate", "bind"), GROUP, ("clusterroles", "roles"), "cluster-admin"):
        what = " and ".join(verb for verb in ("escalate", "bind") if grant.verbs & {verb, "*"})
        words = (
            f"{role.kind} {role.object_name} may give itself any right ({what} on {resource}), {reach(role, project)}"
        )
        yield Finding(grant.node["verbs"], words, see)
