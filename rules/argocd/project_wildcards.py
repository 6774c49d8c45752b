from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.kubernetes import AppProject
from gatekeeper.node import Node
from gatekeeper.rule import rule


@rule(
    "argocd-project-wildcards",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening",
)
def project_wildcards(each: AppProject) -> Iterator[Finding]:
    """Every AppProject names its sources and its destinations.

    A project whose `sourceRepos` hold `*` deploys what anybody puts into any repository; one whose destinations are
    every namespace of every cluster deploys it anywhere, Argo CD's own namespace included, from which all of it can be
    taken over. Every namespace of one cluster, and every repository of an organisation, are named.

    Bad:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: AppProject
    metadata: {name: shop}
    spec:
      sourceRepos:
        # expect: any repository
        - "*"
      destinations:
        # expect: every namespace of every cluster
        - {server: "*", namespace: "*"}
    ```

    Good:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: AppProject
    metadata: {name: shop}
    spec:
      sourceRepos: ["https://github.com/acme/*"]
      destinations:
        - {server: "https://kubernetes.default.svc", namespace: "shop-*"}
        - {server: "https://kubernetes.default.svc", namespace: "!kube-system"}
    ```
    """
    for source in each.spec["sourceRepos"] if each.spec["sourceRepos"].is_list else ():
        if source.text == "*":
            yield Finding(source, "any repository may be a source", fix=Fix("name the repositories"))
    for destination in each.destinations:
        everywhere = "*" in (destination["server"].text, destination["name"].text)
        if everywhere and destination["namespace"].text == "*":
            fix = Fix("name the cluster or the namespaces")
            yield Finding(_at(destination), "every namespace of every cluster may be a destination", fix=fix)


def _at(destination: Node) -> Node:
    return destination["namespace"] if destination["namespace"].present else destination
