from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.kubernetes import NetworkPolicy
from gatekeeper.rule import rule


@rule(
    "k8s-network-policy-no-selector",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["KSV-0038"],
    where=lambda policy: policy.native,
)
def network_policy_no_selector(policy: NetworkPolicy) -> Iterator[Finding]:
    """Every NetworkPolicy says whom it is about.

    A policy that names pods or namespaces nowhere, neither in `podSelector` nor in a peer, is refused by the API or
    taken for every pod, and is not what somebody meant. `podSelector: {}`, every pod of the namespace, is said.

    Bad:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata:
      # expect: no podSelector
      name: all
    spec:
      policyTypes: [Ingress]
    ```

    Good:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: deny-all}
    spec:
      podSelector: {}
      policyTypes: [Ingress, Egress]
    ```
    """
    peers = [peer for direction in ("ingress", "egress") for peer in policy.peers(direction)]
    named = any(peer["podSelector"].present or peer["namespaceSelector"].present for peer in peers)
    if not policy.spec["podSelector"].present and not named:
        yield Finding(
            policy, "no podSelector and no peer that is named", fix=Fix("write podSelector: {} or its labels")
        )
