from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import gathered, gives_everything, role_of
from gatekeeper.models.kubernetes import Binding
from gatekeeper.rule import Answer, Reason, rule

_BUILT_IN = frozenset({"admin", "edit", "view", "extension-apiserver-authentication-reader"})


@rule(
    "k8s-rbac-cluster-admin",
    gate="security-posture",
    severity="high",
    seed="7. Security Checklist, RBAC configured",
    aliases=[
        "KSV-0111",
        "kube-linter:cluster-admin-role-binding",
        "polaris:clusterrolebindingClusterAdmin",
        "polaris:rolebindingClusterAdminClusterRole",
        "polaris:rolebindingClusterAdminRole",
    ],
)
def rbac_cluster_admin(binding: Binding, project: Project) -> Iterator[Answer]:
    """Nobody is given every right.

    A binding to `cluster-admin`, or to a role written here that allows the same (aggregated roles too), makes whoever
    holds it the owner of the cluster, by a RoleBinding that of a namespace. A pod with such a ServiceAccount is one bug
    away from both. Name what is needed in a role of its own. What a role allows that is neither written here nor one of
    the cluster's own is not known.

    Bad:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata: {name: deployer}
    # expect: ServiceAccount ci/deployer
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
    subjects: [{kind: ServiceAccount, name: deployer, namespace: ci}]
    ```

    Bad, by another name:
    ```yaml roles.yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: operator, labels: {part-of: operator}}
    rules:
      - {apiGroups: [""], resources: [pods], verbs: [get]}
      - {apiGroups: ["*"], resources: ["*"], verbs: ["*"]}
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: operators}
    aggregationRule: {clusterRoleSelectors: [{matchLabels: {part-of: operator}}]}
    rules: []
    ```
    ```yaml bindings.yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: operators, namespace: shop}
    # expect: every right in namespace shop
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: operators}
    subjects: [{kind: Group, apiGroup: rbac.authorization.k8s.io, name: team}]
    ```

    Good:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata: {name: reader}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects: [{kind: ServiceAccount, name: reader, namespace: ci}]
    ```

    Unknown, the role is elsewhere:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata: {name: deployer}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: deployer}
    subjects: [{kind: ServiceAccount, name: deployer, namespace: ci}]
    ```
    """
    role = role_of(binding, project)
    if not gives_everything(binding, project):
        name = binding.role[1]
        if role is None and name not in _BUILT_IN and not name.startswith("system:"):
            yield Unknown(binding.role_ref, f"{' '.join(binding.role)} is not written here", Reason.NOT_OWNED_HERE)
        elif role and role.aggregates and not role.grants and not gathered(role, project):
            yield Unknown(binding.role_ref, f"what {name} takes over is not written here", Reason.NOT_OWNED_HERE)
        return
    see = (Note(role, "allows everything"),) if role else ()
    who = ", ".join(each.words for each in binding.subjects[:3]) or "whoever is bound later"
    more = f" and {len(binding.subjects) - 3} more" if len(binding.subjects) > 3 else ""
    where = "in the cluster" if binding.of_cluster else f"in namespace {binding.namespace or '(its own)'}"
    yield Finding(binding.role_ref, f"every right {where} is given to {who}{more}", see)
