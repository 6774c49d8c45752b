from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project
from gatekeeper.links import holders_of, reach
from gatekeeper.models.kubernetes import Role
from gatekeeper.rule import rule

_MAKE_PODS = {
    "": ("pods", "replicationcontrollers"),
    "apps": ("deployments", "statefulsets", "daemonsets", "replicasets"),
    "batch": ("jobs", "cronjobs"),
}


@rule(
    "k8s-rbac-create-workloads",
    gate="security-posture",
    severity="low",
    seed="7. Security Checklist, RBAC configured",
    aliases=["KSV-0048", "kube-linter:access-to-create-pods"],
    where=lambda role: not role.sweeping,
)
def rbac_create_workloads(role: Role, project: Project) -> Iterator[Finding]:
    """Few roles may start pods.

    Who may create a pod chooses its ServiceAccount, its volumes and its image: it reads every Secret of the namespace
    and, where no Pod Security level is enforced, owns the node. Deployments and Jobs make pods too. Pipelines and
    operators need it: see that they are the only ones. Roles that may change everything are k8s-rbac-manage-all's.

    Bad:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: app}
    rules:
      - apiGroups: [""]
        resources: [configmaps]
        verbs: [get]
      - apiGroups: [apps]
        resources: [deployments]
        # expect: start pods (deployments)
        verbs: [create]
      - apiGroups: [""]
        resources: [pods]
        # expect: start pods (pods)
        verbs: [get, create]
    ```

    Good:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: app}
    rules:
      - {apiGroups: [apps], resources: [deployments, deployments/scale], verbs: [get, list, patch]}
      - {apiGroups: [""], resources: [pods/log], verbs: [create]}
    ```
    """
    see = tuple(Note(each.bound.node, f"{each.bound.words} is bound to it") for each in holders_of(role, project)[:3])
    found = {
        id(grant): (grant, resource)
        for group, resources in _MAKE_PODS.items()
        for grant, resource in role.allowing(("create",), group, resources)
    }
    for grant, resource in found.values():
        words = f"{role.kind} {role.object_name} may start pods ({resource}), {reach(role, project)}"
        yield Finding(grant.node["verbs"], words, see)
