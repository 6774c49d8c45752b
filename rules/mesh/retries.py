from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Object, VirtualService
from gatekeeper.models.kubernetes.mesh import ServiceProfile
from gatekeeper.models.kubernetes.network import listed
from gatekeeper.node import Node
from gatekeeper.rule import rule


def _retries(each: Object) -> list[Node]:
    """What says how often a call is made again."""
    if isinstance(each, VirtualService):
        return [route["retries"] for route in each.http if route["retries"]["attempts"].number]
    if isinstance(each, ServiceProfile):
        return [route["isRetryable"] for route in listed(each.spec["routes"]) if route["isRetryable"].text == "true"]
    return []


@rule(
    "mesh-retry-bounds",
    gate="workload-reliability",
    severity="low",
    seed="1.2 Architecture Design",
    where=lambda each: bool(_retries(each)),
)
def retries(each: Object) -> Iterator[Finding]:
    """Every retry of the mesh has a bound.

    With Istio each attempt needs its own `perTryTimeout`: without it the first one that hangs uses up the time of all.
    With Linkerd routes that are retried need a `retryBudget`, so that retries cannot become most of the traffic (its
    default is a fifth; say yours). Whether a call may be made twice at all is not judged.

    Bad:
    ```yaml
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: web}
    spec:
      hosts: [web]
      http:
        - timeout: 3s
          # expect: no perTryTimeout
          retries: {attempts: 3, retryOn: 5xx}
          route: [{destination: {host: web}}]
    ```

    Bad, of Linkerd:
    ```yaml
    apiVersion: linkerd.io/v1alpha2
    kind: ServiceProfile
    metadata: {name: web.shop.svc.cluster.local}
    spec:
      routes:
        - name: GET /
          condition: {method: GET, pathRegex: /}
          # expect: no retryBudget
          isRetryable: true
    ```

    Good:
    ```yaml
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: web}
    spec:
      hosts: [web]
      http:
        - timeout: 3s
          retries: {attempts: 2, perTryTimeout: 1s, retryOn: 5xx}
          route: [{destination: {host: web}}]
        - retries: {attempts: 0}
          route: [{destination: {host: web}}]
    ```
    """
    for node in _retries(each):
        if isinstance(each, ServiceProfile):
            if not each.spec["retryBudget"].present:
                yield Finding(node, "no retryBudget: nothing is said of how many calls may be retries")
        elif not node["perTryTimeout"].present:
            yield Finding(node, "no perTryTimeout: an attempt that hangs leaves no time for the next")
