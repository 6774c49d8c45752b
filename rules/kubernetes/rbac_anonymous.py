from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Binding
from gatekeeper.rule import rule

_NOBODY = frozenset({("User", "system:anonymous"), ("Group", "system:unauthenticated")})
_ANYBODY = ("Group", "system:authenticated")
_FOR_ALL = frozenset(
    "system:public-info-viewer system:service-account-issuer-discovery system:basic-user system:discovery".split()
)


@rule(
    "k8s-rbac-anonymous",
    gate="security-posture",
    severity="high",
    seed="7. Security Checklist, RBAC configured",
    where=lambda binding: binding.role[1] not in _FOR_ALL,
)
def rbac_anonymous(binding: Binding) -> Iterator[Finding]:
    """Nobody is given rights without saying who they are.

    `system:anonymous` and `system:unauthenticated` are whoever reaches the API. `system:authenticated` is everybody
    whom it knows: each pod's ServiceAccount, and with some providers each account that anybody may open. The cluster's
    own public roles (its version, what APIs there are, the keys of its ServiceAccounts) are not meant.

    Bad:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata: {name: readers}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects:
      - {kind: ServiceAccount, name: reader, namespace: ci}
      # expect: whoever reaches the API
      - {kind: Group, apiGroup: rbac.authorization.k8s.io, name: system:unauthenticated}
      # expect: every account
      - {kind: Group, apiGroup: rbac.authorization.k8s.io, name: system:authenticated}
    ```

    Good:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata: {name: readers}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects: [{kind: Group, apiGroup: rbac.authorization.k8s.io, name: developers}]
    ```
    """
    for each in binding.subjects:
        if (each.kind, each.name) in _NOBODY:
            yield Finding(each.node["name"], f"{each.name} is whoever reaches the API: it is given {binding.role[1]}")
        elif (each.kind, each.name) == _ANYBODY:
            yield Finding(each.node["name"], f"{each.name} is every account there is: it is given {binding.role[1]}")
