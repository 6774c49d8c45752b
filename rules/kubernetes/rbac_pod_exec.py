from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project
from gatekeeper.links import holders_of, reach
from gatekeeper.models.kubernetes import Role
from gatekeeper.rule import rule

_VERBS = ("create", "get")
_RESOURCES = ("pods/exec", "pods/attach")


@rule(
    "k8s-rbac-pod-exec",
    gate="security-posture",
    severity="medium",
    seed="7. Security Checklist, RBAC configured",
    aliases=["KSV-0053", "KSV-0054", "polaris:clusterrolePodExecAttach", "polaris:rolePodExecAttach"],
    where=lambda role: not role.sweeping,
)
def rbac_pod_exec(role: Role, project: Project) -> Iterator[Finding]:
    """No role may run commands in pods.

    With `pods/exec` or `pods/attach` one is inside a container that runs: with its Secrets, its ServiceAccount and its
    network. `get` is enough, since the connection begins as one. The role is judged, and the finding says who is bound
    to it: polaris' checks of bindings would report the same twice. Roles that allow everything are
    k8s-rbac-manage-all's.

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
        resources: [pods, pods/exec]
        # expect: pods/exec
        verbs: [get, create]
    ```

    Good:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: app}
    rules:
      - {apiGroups: [""], resources: [pods, pods/log], verbs: [get, create]}
      - {apiGroups: [""], resources: [pods/exec], resourceNames: [db-0], verbs: [create]}
    ```
    """
    see = tuple(Note(each.bound.node, f"{each.bound.words} is bound to it") for each in holders_of(role, project)[:3])
    for grant, resource in role.allowing(_VERBS, "", _RESOURCES):
        words = f"{role.kind} {role.object_name} may run commands in every pod ({resource}), {reach(role, project)}"
        yield Finding(grant.node["verbs"], words, see)
