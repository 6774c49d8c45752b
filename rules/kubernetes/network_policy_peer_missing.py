from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.policies import CONTROL_PLANE, in_words, of_the_cluster, without_pods
from gatekeeper.models.kubernetes import LabelSelector, NetworkPolicy
from gatekeeper.node import Node
from gatekeeper.rule import Answer, Reason, rule


def _named(policy: NetworkPolicy) -> list[Node]:
    """The pods of its own namespace that it lets in or out to, by their labels."""
    peers = [peer for direction in ("ingress", "egress") for peer in policy.peers(direction)]
    nodes = [peer["podSelector"] for peer in peers if not peer["namespaceSelector"].present]
    chosen = [(node, LabelSelector.of(node)) for node in nodes]
    return [node for node, selector in chosen if selector.requirements and not of_the_cluster(selector)]


@rule(
    "k8s-network-policy-peer-missing",
    gate="security-posture",
    severity="low",
    seed="6.1 Security Hardening",
    aliases=["kube-linter:dangling-networkpolicypeer-podselector"],
    where=lambda policy: policy.native and not policy.namespace.startswith(CONTROL_PLANE) and bool(_named(policy)),
)
def network_policy_peer_missing(policy: NetworkPolicy, project: Project) -> Iterator[Answer]:
    """Every pod that a NetworkPolicy names as a peer exists.

    A peer that no pod matches lets nobody in: the one that was meant is cut off, or the entry is a left-over. Peers
    with a `namespaceSelector` are pods of other namespaces and are not judged. Where pods may come from elsewhere the
    answer is not known.

    Bad:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: db}
    spec:
      podSelector: {matchLabels: {app: db}}
      ingress:
        - from:
            # expect: no pod here has app=frontend
            - podSelector: {matchLabels: {app: frontend}}
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: db}
    spec:
      template:
        metadata: {labels: {app: db}}
        spec: {containers: [{name: db, image: "postgres:16.1"}]}
    ```

    Good:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: db}
    spec:
      podSelector: {}
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
            - namespaceSelector: {matchLabels: {team: monitoring}}
              podSelector: {matchLabels: {app: prometheus}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ```
    """
    for node in _named(policy):
        selector = LabelSelector.of(node)
        unsure = without_pods(selector, policy, project)
        if unsure is None:
            continue
        for each in node.walk():
            each.value  # noqa: B018  # what is filled in later may match
        if unsure:
            yield Unknown(node, unsure, Reason.NOT_OWNED_HERE)
        else:
            yield Finding(node, f"no pod here has {in_words(selector)}: this lets nobody through")
