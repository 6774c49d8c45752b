from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import NetworkPolicy
from gatekeeper.models.kubernetes.network import listed
from gatekeeper.node import Node
from gatekeeper.rule import rule

_EVERYWHERE = ("0.0.0.0/0", "::/0")


@rule(
    "k8s-network-policy-public-egress",
    gate="security-posture",
    severity="low",
    seed="6.1 Security Hardening",
    aliases=["KUBE-0002"],
    where=lambda policy: policy.native and policy.spec["egress"].present,
)
def network_policy_public_egress(policy: NetworkPolicy) -> Iterator[Finding]:
    """No NetworkPolicy lets connections out to everywhere.

    Whoever gets into a pod sends what they find to an address of their own: `0.0.0.0/0`, and a rule without `to`, let
    them. Name what the pods do need. DNS (port 53 alone) may go to every address.

    Bad:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: web}
    spec:
      podSelector: {}
      egress:
        - to:
            # expect: 0.0.0.0/0
            - ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}
        # expect: no `to`
        - {}
    ```

    Good:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: web}
    spec:
      podSelector: {}
      egress:
        - to: [{podSelector: {matchLabels: {app: db}}}]
        - ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
    ```
    """
    for rule_ in listed(policy.spec["egress"]):
        if not rule_["to"] and not _only_dns(rule_):
            yield Finding(rule_, "no `to`: connections go out to every address")
    for peer in policy.peers("egress"):
        cidr = peer["ipBlock"]["cidr"]
        if cidr.text in _EVERYWHERE:
            yield Finding(cidr, f"{cidr.text} is every address: connections go out to everywhere")


def _only_dns(rule_: Node) -> bool:
    ports = listed(rule_["ports"])
    return bool(ports) and all(port["port"].text in ("53", "5353", "dns", "dns-tcp") for port in ports)
