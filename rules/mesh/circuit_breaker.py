from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import remotely_made
from gatekeeper.links.mesh import breaker_of, mesh_of
from gatekeeper.models.kubernetes import Service
from gatekeeper.models.kubernetes.mesh import DestinationRule
from gatekeeper.rule import Answer, Reason, rule

_KINDS = {"istio": "DestinationRule", "linkerd": "Service", "consul": "ServiceDefaults"}
_BY = {"istio": "a DestinationRule's", "linkerd": "", "consul": "for its callers, upstreamConfig"}


@rule(
    "mesh-circuit-breaker",
    gate="workload-reliability",
    severity="medium",
    seed="1.2 Architecture Design",
    where=lambda service, project: service.selects and bool(mesh_of(service, project)),
)
def circuit_breaker(service: Service, project: Project) -> Iterator[Answer]:
    """Every Service in a mesh has a circuit breaker before it.

    Without one a slow or broken pod keeps getting calls, callers wait for it, and the fault spreads to them. With Istio
    it takes a DestinationRule with `outlierDetection` (pods that fail are left out) and `connectionPool` (calls beyond
    a limit fail at once), for the host, or for each of its ports or subsets; a wildcard host counts. With Linkerd it is
    the annotation `balancer.linkerd.io/failure-accrual`. With Consul it is `passiveHealthCheck` and `limits` in the
    `upstreamConfig` of a caller's ServiceDefaults, for this service or for all. A Service is in a mesh when the mesh's
    objects name it or its pods have the proxy; where there is no mesh nothing is asked.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Service
    metadata:
      # expect: connectionPool
      name: reviews
    spec: {selector: {app: reviews}, ports: [{port: 9080}]}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata: {name: reviews}
    spec:
      host: reviews
      trafficPolicy: {outlierDetection: {consecutive5xxErrors: 5}}
    ```

    Bad, of Linkerd:
    ```yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, annotations: {linkerd.io/inject: enabled}}
    ---
    apiVersion: v1
    kind: Service
    metadata:
      # expect: failure-accrual
      name: web
      namespace: shop
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ```

    Bad, of Consul:
    ```yaml
    apiVersion: v1
    kind: Service
    metadata:
      # expect: passiveHealthCheck
      name: api
    spec: {selector: {app: api}, ports: [{port: 80}]}
    ---
    apiVersion: consul.hashicorp.com/v1alpha1
    kind: ServiceDefaults
    metadata: {name: api}
    spec: {protocol: http}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Service
    metadata: {name: reviews, namespace: shop}
    spec: {selector: {app: reviews}, ports: [{port: 9080}]}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata: {name: reviews, namespace: shop}
    spec:
      host: reviews.shop.svc.cluster.local
      trafficPolicy:
        portLevelSettings:
          - port: {number: 9080}
            connectionPool: {http: {http1MaxPendingRequests: 100}}
            outlierDetection: {consecutive5xxErrors: 5}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, annotations: {balancer.linkerd.io/failure-accrual: consecutive}}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: api}
    spec: {selector: {app: api}, ports: [{port: 80}]}
    ---
    apiVersion: consul.hashicorp.com/v1alpha1
    kind: ServiceDefaults
    metadata: {name: api}
    spec: {protocol: http}
    ---
    apiVersion: consul.hashicorp.com/v1alpha1
    kind: ServiceDefaults
    metadata: {name: caller}
    spec:
      upstreamConfig:
        defaults:
          limits: {maxConnections: 100, maxPendingRequests: 50}
          passiveHealthCheck: {interval: 10s, maxFailures: 5}
    ```

    Unknown, more may be in a chart:
    ```yaml
    apiVersion: v1
    kind: Service
    metadata: {name: reviews}
    spec: {selector: {app: reviews}, ports: [{port: 9080}]}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata: {name: reviews}
    spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}
    ---
    apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    metadata: {name: policies}
    spec: {chart: {spec: {chart: policies}}}
    ```
    """
    mesh = mesh_of(service, project)
    found = breaker_of(service, mesh, project)
    if not found.lacks:
        return
    remote = remotely_made(DestinationRule, project, _KINDS[mesh])
    by = f"{_BY[mesh]} " if _BY[mesh] else ""
    lacks = f"{' and '.join(found.lacks)} {'are' if len(found.lacks) > 1 else 'is'} missing"
    words = f"no circuit breaker ({mesh}): {by}{lacks}"
    if remote:
        yield Unknown(service, f"{words}; {remote}", Reason.NOT_OWNED_HERE)
    else:
        yield Finding(service, words, (Note(found.at, "what there is"),) if found.at else ())
