from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Binding
from gatekeeper.rule import rule


@rule(
    "k8s-rbac-system-masters",
    gate="security-posture",
    severity="high",
    seed="7. Security Checklist, RBAC configured",
    aliases=["KSV-0123"],
)
def rbac_system_masters(binding: Binding) -> Iterator[Finding]:
    """No binding names the group system:masters.

    Its members may do everything, whatever roles and admission policies say, and a certificate that says so cannot be
    taken back. A binding to the group gives nothing more; it shows that people or programs are meant to be in it.

    Bad:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata: {name: admins}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects:
      # expect: system:masters
      - {kind: Group, apiGroup: rbac.authorization.k8s.io, name: "system:masters"}
    ```

    Good:
    ```yaml
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata: {name: admins}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects: [{kind: Group, apiGroup: rbac.authorization.k8s.io, name: platform-admins}]
    ```
    """
    for bound in binding.subjects:
        if (bound.kind, bound.name) == ("Group", "system:masters"):
            yield Finding(bound.node, "system:masters: no role or policy holds its members back")
