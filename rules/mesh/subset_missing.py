from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import remotely_made
from gatekeeper.links.mesh import host_of
from gatekeeper.models.kubernetes import DestinationRule, VirtualService
from gatekeeper.models.kubernetes.mesh import Destination
from gatekeeper.rule import Answer, Reason, rule


def _subsets(routes: VirtualService) -> list[Destination]:
    return [each for each in routes.destinations if each.subset.present]


@rule(
    "mesh-subset-missing",
    gate="workload-reliability",
    severity="high",
    seed="7 Infrastructure code passes validation",
    where=lambda routes: bool(_subsets(routes)),
)
def subset_missing(routes: VirtualService, project: Project) -> Iterator[Answer]:
    """Every subset that a VirtualService sends to is defined.

    A route to a subset that no DestinationRule of its host defines answers 503 to everybody it is chosen for. The
    DestinationRules are looked for in the whole repository; where more of them may come from elsewhere the answer is
    not known.

    Bad:
    ```yaml
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: reviews}
    spec:
      hosts: [reviews]
      http:
        - route:
            # expect: defines the subset v3
            - destination: {host: reviews, subset: v3}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata: {name: reviews}
    spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}
    ```

    Good:
    ```yaml
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: reviews, namespace: shop}
    spec:
      hosts: [reviews]
      http: [{route: [{destination: {host: reviews, subset: v1}}]}]
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata: {name: reviews, namespace: shop}
    spec: {host: reviews.shop.svc.cluster.local, subsets: [{name: v1, labels: {version: v1}}]}
    ```

    Unknown, the rules may be in a chart:
    ```yaml
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: reviews}
    spec:
      hosts: [reviews]
      http: [{route: [{destination: {host: reviews, subset: v1}}]}]
    ---
    apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    metadata: {name: rules}
    spec: {chart: {spec: {chart: rules}}}
    ```
    """
    for destination in _subsets(routes):
        rules = _rules(destination, routes, project)
        if any(destination.subset.text in rule_.subsets for rule_ in rules):
            continue
        host, subset = destination.host.text, destination.subset.text
        remote = remotely_made(DestinationRule, project, "DestinationRule")
        words = f"no DestinationRule here defines the subset {subset} of {host}: the answer is 503"
        if remote:
            yield Unknown(
                destination.subset, f"{words}, unless it comes from elsewhere: {remote}", Reason.NOT_OWNED_HERE
            )
        else:
            see = tuple(Note(rule_, f"has {', '.join(rule_.subsets) or 'none'}") for rule_ in rules)
            yield Finding(destination.subset, words, see)


def _rules(destination: Destination, routes: VirtualService, project: Project) -> list[DestinationRule]:
    wanted = host_of(destination.host.text, routes.namespace)
    found = []
    for each in project.all(DestinationRule):
        host = host_of(each.host.text, each.namespace)
        near = not host.namespace or not wanted.namespace or host.namespace == wanted.namespace
        if host.name == wanted.name and near:
            found.append(each)
        elif {f"{host.name}.{host.namespace}", f"{wanted.name}.{wanted.namespace}"} & {wanted.name, host.name}:
            found.append(each)  # `web.shop` in one of the two
    return found
