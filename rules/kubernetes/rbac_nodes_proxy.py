from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project
from gatekeeper.links import holders_of, reach
from gatekeeper.models.kubernetes import Role
from gatekeeper.rule import rule

_VERBS = ("get", "create", "update", "patch", "delete")
_RESOURCES = ("nodes/proxy",)


@rule(
    "k8s-rbac-nodes-proxy",
    gate="security-posture",
    severity="medium",
    seed="7. Security Checklist, RBAC configured",
    aliases=["KSV-0047"],
    where=lambda role: not role.sweeping,
)
def rbac_nodes_proxy(role: Role, project: Project) -> Iterator[Finding]:
    """No role speaks to the kubelets.

    `nodes/proxy` leads to the kubelet of every node, past the API server's admission and audit: it runs commands in any
    pod, and `get` is enough for that. For metrics `nodes/metrics` and `nodes/stats` will do. checkov's CKV2_K8S_2 holds
    this and `pods/exec` in one. Roles that may change everything are k8s-rbac-manage-all's.

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
        resources: [nodes, nodes/proxy]
        # expect: nodes/proxy
        verbs: [get, list]
    ```

    Good:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: app}
    rules:
      - {apiGroups: [""], resources: [nodes, nodes/metrics, nodes/stats], verbs: [get, list]}
    ```
    """
    see = tuple(Note(each.bound.node, f"{each.bound.words} is bound to it") for each in holders_of(role, project)[:3])
    for grant, _ in role.allowing(_VERBS, "", _RESOURCES):
        words = (
            f"{role.kind} {role.object_name} may run commands in any pod through nodes/proxy, {reach(role, project)}"
        )
        yield Finding(grant.node["verbs"], words, see)
