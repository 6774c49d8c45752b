from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project
from gatekeeper.links import holders_of, reach
from gatekeeper.models.kubernetes import Role
from gatekeeper.rule import rule

_VERBS = ("create", "update", "patch", "delete", "deletecollection")
_RESOURCES = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")


@rule(
    "k8s-rbac-webhooks",
    gate="security-posture",
    severity="medium",
    seed="7. Security Checklist, RBAC configured",
    aliases=["CKV_K8S_155", "KSV-0114"],
    where=lambda role: not role.sweeping,
)
def rbac_webhooks(role: Role, project: Project) -> Iterator[Finding]:
    """No role may change who checks what is admitted.

    An admission webhook sees and changes every object that the API takes, Secrets among them, and without the one that
    enforces a policy the policy is gone. A controller that fills in its own certificate needs `resourceNames`. Roles
    that may change everything are k8s-rbac-manage-all's.

    Bad:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: app}
    rules:
      - apiGroups: [""]
        resources: [configmaps]
        verbs: [get]
      - apiGroups: [admissionregistration.k8s.io]
        resources: [validatingwebhookconfigurations]
        # expect: validatingwebhookconfigurations
        verbs: [get, patch]
    ```

    Good:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: app}
    rules:
      - {apiGroups: [admissionregistration.k8s.io], resources: [validatingwebhookconfigurations], verbs: [get, list]}
      - apiGroups: [admissionregistration.k8s.io]
        resources: [mutatingwebhookconfigurations]
        resourceNames: [app]
        verbs: [patch]
    ```
    """
    see = tuple(Note(each.bound.node, f"{each.bound.words} is bound to it") for each in holders_of(role, project)[:3])
    for grant, resource in role.allowing(_VERBS, "admissionregistration.k8s.io", _RESOURCES):
        words = f"{role.kind} {role.object_name} may change the {resource}, {reach(role, project)}"
        yield Finding(grant.node["verbs"], words, see)
