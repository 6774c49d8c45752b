from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Binding
from gatekeeper.rule import rule


@rule(
    "k8s-default-service-account-bound",
    gate="security-posture",
    severity="medium",
    seed="7. Security Checklist, RBAC configured",
    aliases=["CKV_K8S_42"],
)
def default_service_account_bound(binding: Binding) -> Iterator[Finding]:
    """The ServiceAccount `default` is given no role.

    Every pod of the namespace that names no ServiceAccount has what `default` is given, also those of tomorrow.

    Bad:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: app, namespace: shop}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: app}
    subjects:
      - {kind: ServiceAccount, name: app}
      # expect: default
      - {kind: ServiceAccount, name: default}
    ```

    Good:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: app, namespace: shop}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: app}
    subjects: [{kind: ServiceAccount, name: app}, {kind: User, name: default, apiGroup: rbac.authorization.k8s.io}]
    ```
    """
    for each in binding.subjects:
        if (each.kind, each.name) == ("ServiceAccount", "default"):
            words = f"every pod that names no ServiceAccount gets {binding.role[1]}: it is given to default"
            yield Finding(each.node["name"], words)
