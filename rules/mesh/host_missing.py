from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.ingress import elsewhere_or_none, maker_of
from gatekeeper.links.mesh import entered, resolved
from gatekeeper.models.kubernetes import DestinationRule, Object, VirtualService
from gatekeeper.node import Node
from gatekeeper.rule import Answer, Reason, rule


def _hosts(each: Object) -> list[Node]:
    """The hosts that it needs to exist: where a VirtualService sends to, what a DestinationRule is about."""
    if isinstance(each, VirtualService):
        hosts = [destination.host for destination in each.destinations]
    else:
        hosts = [each.host] if isinstance(each, DestinationRule) else []
    return [host for host in hosts if not host.known or (host.text and not host.text.startswith("*"))]


def _here(namespace: str, near: Object, project: Project) -> bool:
    """Whether something else of that namespace is here."""
    return any(each.namespace == namespace for each in project.all(Object) if each is not near)


@rule(
    "mesh-host-missing",
    gate="workload-reliability",
    severity="medium",
    seed="7 Infrastructure code passes validation",
    where=lambda each: bool(_hosts(each)),
)
def host_missing(each: Object, project: Project) -> Iterator[Answer]:
    """Every host that the mesh's rules speak of exists.

    A VirtualService that sends to a host nobody has answers 503, and a DestinationRule for one does nothing: its
    circuit breaker or its TLS is not there. A host is a Service's name, alone or with its namespace (`web`, `web.shop`,
    `web.shop.svc.cluster.local`), or one that a ServiceEntry declares. Wildcards are not judged. Where Services may
    come from elsewhere, or the namespace is one of which nothing is here, the answer is not known.

    Bad:
    ```yaml
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata: {name: web}
    spec:
      # expect: no Service webb
      host: webb
      trafficPolicy: {outlierDetection: {consecutive5xxErrors: 5}}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: web}
    spec:
      hosts: [web]
      http:
        - route:
            # expect: no ServiceEntry has api.example.com
            - destination: {host: api.example.com}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ```

    Good:
    ```yaml
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: web}
    spec:
      hosts: [shop.example.com]
      http:
        - route: [{destination: {host: web.shop.svc.cluster.local}}, {destination: {host: web.shop}}]
          mirror: {host: api.example.com}
    ---
    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata: {name: api}
    spec: {hosts: ["*.example.com"]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ```

    Unknown, another namespace:
    ```yaml
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata: {name: db, namespace: shop}
    spec: {host: db.storage.svc.cluster.local}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ```
    """
    for node in _hosts(each):
        services, host = resolved(node.text, each, project)
        if services or entered(node.text, project) or maker_of(host.name, project):
            continue
        other = elsewhere_or_none(project)
        if other:
            yield Unknown(node, f"{node.text} may come from elsewhere: {other}", Reason.NOT_OWNED_HERE)
        elif not host.inside:
            yield Finding(node, f"no ServiceEntry has {node.text}: the mesh does not know it")
        elif host.namespace and not _here(host.namespace, each, project):
            yield Unknown(node, f"nothing of the namespace {host.namespace} is here", Reason.NOT_OWNED_HERE)
        else:
            yield Finding(node, f"there is no Service {host.name} here")
