from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import ServiceAccount
from gatekeeper.rule import rule


@rule(
    "k8s-default-service-account-token",
    gate="security-posture",
    severity="low",
    seed="6.1 Security Hardening",
    aliases=["CKV_K8S_41"],
    where=lambda account: account.object_name == "default",
)
def default_service_account_token(account: ServiceAccount) -> Iterator[Finding]:
    """The ServiceAccount `default` hands out no token.

    Every pod that names no ServiceAccount gets it. Judged where a manifest writes one.

    Bad:
    ```yaml
    apiVersion: v1
    kind: ServiceAccount
    # expect: token
    metadata: {name: default, namespace: shop}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: default, namespace: shop}
    automountServiceAccountToken: false
    ```
    """
    if account.automount != False:  # noqa: E712  # a node compares by value
        at = account.automount if account.automount.present else account
        yield Finding(at, "every pod that names no ServiceAccount gets a token for the API")
