from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project
from gatekeeper.links import holders_of, reach
from gatekeeper.models.kubernetes import Grant, Role
from gatekeeper.rule import rule

_GROUP = "certificates.k8s.io"


@rule(
    "k8s-rbac-approve-csr",
    gate="security-posture",
    severity="medium",
    seed="7. Security Checklist, RBAC configured",
    aliases=["CKV_K8S_156"],
    where=lambda role: not role.sweeping,
)
def rbac_approve_csr(role: Role, project: Project) -> Iterator[Finding]:
    """No role may approve certificates for the API.

    Who writes to `certificatesigningrequests/approval` and may `approve` for one of Kubernetes' own signers makes
    certificates in the name of any user or node. A signer of one's own, by `resourceNames`, is another matter. Both
    rights are looked for in all rules of the role. Roles that may change everything are k8s-rbac-manage-all's.

    Bad:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: approver}
    rules:
      - apiGroups: [certificates.k8s.io]
        resources: [certificatesigningrequests/approval]
        # expect: approve certificates
        verbs: [update]
      - apiGroups: [certificates.k8s.io]
        resources: [signers]
        resourceNames: [kubernetes.io/kube-apiserver-client]
        verbs: [approve]
    ```

    Good:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: approver}
    rules:
      - {apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/approval], verbs: [update]}
      - {apiGroups: [certificates.k8s.io], resources: [signers], resourceNames: [example.com/app], verbs: [approve]}
    ```
    """
    see = tuple(Note(each.bound.node, f"{each.bound.words} is bound to it") for each in holders_of(role, project)[:3])
    signs = any(_of_kubernetes(grant) for grant in role.grants)
    for grant, _ in role.allowing(("update", "patch"), _GROUP, ("certificatesigningrequests/approval",)):
        if signs:
            words = f"{role.kind} {role.object_name} may approve certificates in any name, {reach(role, project)}"
            yield Finding(grant.node["verbs"], words, see)


def _of_kubernetes(grant: Grant) -> bool:
    named = [name for name in grant.names if name.startswith("kubernetes.io/")] or [""]
    return any(grant.allows(("approve",), _GROUP, "signers", name) for name in named)
