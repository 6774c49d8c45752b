from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import NetworkPolicy
from gatekeeper.models.kubernetes.network import listed
from gatekeeper.rule import rule

_EVERYWHERE = ("0.0.0.0/0", "::/0")


@rule(
    "k8s-network-policy-public-ingress",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["KUBE-0001"],
    where=lambda policy: policy.native and policy.spec["ingress"].present,
)
def network_policy_public_ingress(policy: NetworkPolicy) -> Iterator[Finding]:
    """No NetworkPolicy lets everybody in.

    `0.0.0.0/0` is every address, and a rule without `from` is every address too: the policy is there, and keeps nobody
    out. What is meant for the internet is reached through an ingress controller; name that one. A rule without `from`
    is graded low: what stands behind a load balancer, or answers the API server, has nobody to name.

    Bad:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: db}
    spec:
      podSelector: {}
      ingress:
        - from:
            # expect: 0.0.0.0/0
            - ipBlock: {cidr: 0.0.0.0/0}
    ```

    Bad, nobody is named:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: web}
    spec:
      podSelector: {}
      ingress:
        # expect: no `from`
        - ports: [{port: 8080}]
    ```

    Good:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: web}
    spec:
      podSelector: {}
      ingress:
        - from:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}
            - ipBlock: {cidr: 10.0.0.0/8}
    ```
    """
    for rule_ in listed(policy.spec["ingress"]):
        if not rule_["from"]:
            yield Finding(rule_, "no `from`: everybody is let in, from outside the cluster too", severity="low")
    for peer in policy.peers("ingress"):
        cidr = peer["ipBlock"]["cidr"]
        if cidr.text in _EVERYWHERE:
            yield Finding(cidr, f"{cidr.text} is every address: everybody is let in")
