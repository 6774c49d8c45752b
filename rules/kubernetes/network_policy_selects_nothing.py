from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.policies import CONTROL_PLANE, in_words, of_the_cluster, without_pods
from gatekeeper.models.kubernetes import NetworkPolicy
from gatekeeper.rule import Answer, Reason, rule


def _selects(policy: NetworkPolicy) -> bool:
    """The API's own, by labels, and not about pods that come with the cluster."""
    if not policy.native or policy.namespace.startswith(CONTROL_PLANE):
        return False
    return any(each and each.requirements and not of_the_cluster(each) for each in policy.selectors)


@rule(
    "k8s-network-policy-selects-nothing",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["kube-linter:dangling-networkpolicy", "kube-score:networkpolicy-targets-pod"],
    where=_selects,
)
def network_policy_selects_nothing(policy: NetworkPolicy, project: Project) -> Iterator[Answer]:
    """Every NetworkPolicy selects pods of some workload.

    A policy whose `podSelector` no pod matches protects nothing, and looks as if it did. The pods are looked for in the
    whole repository. A selector that is empty means every pod of the namespace and is not judged, nor are policies
    about what comes with the cluster (DNS, the API server). Where pods may come from elsewhere (a chart, a remote base,
    an operator) the answer is not known.

    Bad:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: db}
    spec:
      # expect: no pod here has app=database
      podSelector: {matchLabels: {app: database}}
      ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]
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
    ```yaml policies/db.yaml
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: db}
    spec:
      podSelector: {matchExpressions: [{key: app, operator: In, values: [db, cache]}]}
    ```
    ```yaml apps/db.yaml
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: db, namespace: shop}
    spec:
      template:
        metadata: {labels: {app: db}}
        spec: {containers: [{name: db, image: "postgres:16.1"}]}
    ```

    Unknown, an operator makes the pods:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: prometheus}
    spec: {podSelector: {matchLabels: {app.kubernetes.io/name: prometheus}}}
    ---
    apiVersion: monitoring.coreos.com/v1
    kind: Prometheus
    metadata: {name: k8s}
    spec: {replicas: 2}
    ```
    """
    selector = policy.selectors[0]
    if selector is None:
        return
    node = policy.spec["podSelector"]
    unsure = without_pods(selector, policy, project)
    if unsure is None:
        return
    for each in node.walk():
        each.value  # noqa: B018  # what is filled in later may match
    if unsure:
        yield Unknown(node, unsure, Reason.NOT_OWNED_HERE)
    else:
        yield Finding(node, f"no pod here has {in_words(selector)}: the policy protects nothing")
