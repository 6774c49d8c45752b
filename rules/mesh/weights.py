from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import VirtualService
from gatekeeper.models.kubernetes.mesh import Destination
from gatekeeper.node import Expression, Unresolved
from gatekeeper.rule import rule


def _splits(routes: VirtualService) -> list[list[Destination]]:
    """The routes that share their traffic out by weights."""
    return [split for split in routes.splits if len(split) > 1 and any(each.weight.present for each in split)]


@rule(
    "mesh-weights",
    gate="workload-reliability",
    severity="medium",
    seed="3.2 Deployment Strategies",
    where=lambda routes: bool(_splits(routes)),
)
def weights(routes: VirtualService) -> Iterator[Finding]:
    """The weights of every route come to 100.

    Istio shares traffic out by the proportion of the weights, and older versions refuse what does not come to 100: a
    canary that is meant to get 10 in 100 gets something else, or the rule is not taken. A destination without a weight
    gets nothing where others have one.

    Bad:
    ```yaml
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: reviews}
    spec:
      hosts: [reviews]
      http:
        - route:
            - destination: {host: reviews, subset: v1}
              # expect: come to 95
              weight: 90
            - destination: {host: reviews, subset: v2}
              weight: 5
    ```

    Good:
    ```yaml
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: reviews}
    spec:
      hosts: [reviews]
      http:
        - route:
            - {destination: {host: reviews, subset: v1}, weight: 90}
            - {destination: {host: reviews, subset: v2}, weight: 10}
        - route: [{destination: {host: reviews, subset: v1}}]
    ```
    """
    for split in _splits(routes):
        total: float = 0
        for each in split:
            number = each.weight.number
            if number is None and each.weight.present:
                raise Unresolved(each.weight, Expression(each.weight.text[:60], "is no number"))
            total += number or 0
        if total != 100:
            first = next(each.weight for each in split if each.weight.present)
            yield Finding(first, f"the weights of this route come to {total:g}, not to 100")
