from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project
from gatekeeper.links import holders_of, reach
from gatekeeper.models.kubernetes import Role
from gatekeeper.rule import rule

_VERBS = ("update", "patch")
_RESOURCES = ("services/status",)


@rule(
    "k8s-rbac-services-status",
    gate="security-posture",
    severity="low",
    seed="7. Security Checklist, RBAC configured",
    aliases=["CKV2_K8S_4"],
    where=lambda role: not role.sweeping,
)
def rbac_services_status(role: Role, project: Project) -> Iterator[Finding]:
    """No role may write the status of Services.

    Who sets a load balancer's address there draws the cluster's traffic for that address to its own pods
    (CVE-2020-8554). Load balancer controllers need it. Roles that may change everything are k8s-rbac-manage-all's.

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
        resources: [services, services/status]
        # expect: services/status
        verbs: [get, patch]
    ```

    Good:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: app}
    rules:
      - {apiGroups: [""], resources: [services], verbs: [get, patch]}
      - {apiGroups: [""], resources: [services/status], verbs: [get]}
    ```
    """
    see = tuple(Note(each.bound.node, f"{each.bound.words} is bound to it") for each in holders_of(role, project)[:3])
    for grant, _ in role.allowing(_VERBS, "", _RESOURCES):
        words = f"{role.kind} {role.object_name} may draw traffic to itself by services/status, {reach(role, project)}"
        yield Finding(grant.node["verbs"], words, see)
