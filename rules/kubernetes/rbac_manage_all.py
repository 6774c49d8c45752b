from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project
from gatekeeper.links import holders_of, reach
from gatekeeper.models.kubernetes import Role
from gatekeeper.models.kubernetes.rbac import CHANGING
from gatekeeper.rule import rule


@rule(
    "k8s-rbac-manage-all",
    gate="security-posture",
    severity="high",
    seed="7. Security Checklist, RBAC configured",
    aliases=["KSV-0044", "KSV-0046", "KSV-0112"],
)
def rbac_manage_all(role: Role, project: Project) -> Iterator[Finding]:
    """No role may change every resource.

    Whoever may write to all resources of the core or of every API group can start any pod, read any Secret through it
    and give itself more: it is cluster-admin by another name, in a namespace or everywhere. Judged are all rules of a
    role. A `*` within the API group of one operator is k8s-rbac-wildcard's.

    Bad:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: deployer}
    rules:
      - {apiGroups: [""], resources: [pods], verbs: [get]}
      - apiGroups: ["*"]
        # expect: may do anything, in the whole cluster
        resources: ["*"]
        verbs: ["*"]
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata: {name: deployer}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: deployer}
    subjects: [{kind: ServiceAccount, name: deployer, namespace: ci}]
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: app, namespace: shop}
    rules:
      - apiGroups: [""]
        # expect: change every resource of the core, in namespace shop
        resources: ["*"]
        verbs: [create, update]
    ```

    Good:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: operator}
    rules:
      - {apiGroups: [example.com], resources: ["*"], verbs: ["*"]}
      - {apiGroups: ["*"], resources: [deployments], verbs: [patch]}
    ```
    """
    see = tuple(Note(each.bound.node, f"{each.bound.words} is bound to it") for each in holders_of(role, project)[:3])
    for grant in role.grants:
        if "*" in grant.resources and not grant.names and grant.groups & {"*", ""} and grant.verbs & {"*", *CHANGING}:
            what = "do anything" if "*" in grant.verbs else "change every resource"
            of = "" if "*" in grant.groups else " of the core"
            words = f"{role.kind} {role.object_name} may {what}{of}, {reach(role, project)}"
            yield Finding(grant.node["resources"], words, see)
