from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Service
from gatekeeper.rule import rule

_INTERNAL = re.compile(r"internal\b|private\b", re.IGNORECASE)
_PRIVATE = re.compile(r"(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01])|169\.254|fd[0-9a-f]{2})[.:]")


@rule(
    "k8s-service-exposed",
    gate="security-posture",
    severity="low",
    seed="6.1 Security Hardening",
    aliases=["kube-linter:exposed-services"],
)
def service_exposed(service: Service) -> Iterator[Finding]:
    """No Service opens a way into the cluster beside the ingress.

    A NodePort opens a port on every node, and a LoadBalancer gets an address of its own: no certificate, no
    authentication, no rate limit of the ingress stands before it. A load balancer that is internal (by its annotation
    or its private address), or that only some addresses may use (`loadBalancerSourceRanges`), is no finding. kube-score
    looks at NodePorts alone.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec:
      # expect: NodePort
      type: NodePort
      selector: {app: web}
      ports: [{port: 80}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: db}
    spec:
      # expect: address of its own
      type: LoadBalancer
      selector: {app: db}
      ports: [{port: 5432}]
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ---
    apiVersion: v1
    kind: Service
    metadata:
      name: db
      annotations: {service.beta.kubernetes.io/aws-load-balancer-scheme: internal}
    spec: {type: LoadBalancer, selector: {app: db}, ports: [{port: 5432}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: queue}
    spec:
      type: LoadBalancer
      loadBalancerSourceRanges: [203.0.113.0/24]
      selector: {app: queue}
      ports: [{port: 5672}]
    ```
    """
    kind = service.spec["type"]
    if kind == "NodePort":
        yield Finding(kind, "NodePort: a port of every node leads to its pods")
    elif kind == "LoadBalancer" and not _inside(service):
        yield Finding(kind, "LoadBalancer: it gets an address of its own, for everybody")


def _inside(service: Service) -> bool:
    ranges = [each.text for each in service.spec["loadBalancerSourceRanges"]]
    if ranges and not {"0.0.0.0/0", "::/0"} & set(ranges):
        return True
    for key, value in service.annotations.items():
        if value not in ("false", "") and (_INTERNAL.search(key) or _INTERNAL.match(value) or _PRIVATE.match(value)):
            return True
    return bool(_PRIVATE.match(service.spec["loadBalancerIP"].text))
