from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.links.ingress import elsewhere_or_none, far, maker_of, port_of, services_behind
from gatekeeper.models.kubernetes import Inlet
from gatekeeper.models.kubernetes.network import Backend
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "k8s-ingress-backend",
    gate="workload-reliability",
    severity="medium",
    seed="7 Infrastructure code passes validation",
    aliases=["kube-linter:dangling-ingress", "kube-score:ingress-targets-service"],
    where=lambda inlet: bool(inlet.backends),
)
def ingress_backend(inlet: Inlet, project: Project) -> Iterator[Answer]:
    """Every Ingress and every route sends to a Service, and to a port, that exist.

    A backend that names a Service or a port which is not there answers 503 for as long as nobody looks. HTTPRoutes and
    the other routes of the Gateway API are meant as Ingresses are. Services are looked for in the whole repository, in
    the namespace of the Ingress or the one that the backend names; those that Flagger or Knative make count. Where they
    may come from elsewhere (a chart, a remote base, an operator) the answer is not known.

    Bad:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: shop}
    spec:
      rules:
        - http:
            paths:
              # expect: no Service webb
              - {path: /, pathType: Prefix, backend: {service: {name: webb, port: {number: 80}}}}
              # expect: has no port 8080
              - {path: /api, pathType: Prefix, backend: {service: {name: web, port: {number: 8080}}}}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
    ```

    Bad, a route:
    ```yaml
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata: {name: shop, namespace: shop}
    spec:
      parentRefs: [{name: public}]
      rules:
        # expect: no Service web
        - backendRefs: [{name: web, port: 80}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: other}
    spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
    ```

    Good:
    ```yaml ingress.yaml
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: shop}
    spec:
      defaultBackend: {service: {name: web, port: {name: http}}}
      rules:
        - http:
            paths:
              - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
              - {path: /old, pathType: Prefix, backend: {service: {name: ssl-redirect, port: {name: use-annotation}}}}
    ```
    ```yaml web/service.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
    ```

    Unknown, a chart brings the Service:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: shop}
    spec: {defaultBackend: {service: {name: grafana, port: {number: 80}}}}
    ---
    apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    metadata: {name: grafana}
    spec: {chart: {spec: {chart: grafana}}}
    ```
    """
    for backend in inlet.backends:
        if backend.port.known and backend.port.text == "use-annotation":
            continue  # the AWS load balancer's own actions
        services = services_behind(backend, inlet, project)
        if not services:
            yield from _missing(backend, inlet, project)
        elif backend.port.present and not any(port_of(service, backend.port) for service in services):
            service = services[0]
            other = unsettled(service, project)
            if other:
                yield Unknown(backend.port, f"{other.path} may patch the ports of {service.name}")
            elif far(service, inlet, project):
                yield Unknown(backend.port, f"whether it means {service.name} of {service.path} is not known")
            else:
                words = f"Service {service.object_name} has no port {backend.port.text}: the answer is 503"
                yield Finding(backend.port, words, (Note(service, "its ports stand here"),))


def _missing(backend: Backend, inlet: Inlet, project: Project) -> Iterator[Answer]:
    backend.node.value  # noqa: B018  # what is filled in later may name one
    if maker_of(backend.service, project):
        return
    other = elsewhere_or_none(project)
    if other:
        yield Unknown(
            backend.node, f"Service {backend.service} may come from elsewhere: {other}", Reason.NOT_OWNED_HERE
        )
        return
    namespace = backend.namespace or inlet.namespace
    words = f"there is no Service {backend.service}{f' in {namespace}' if namespace else ''} here: the answer is 503"
    yield Finding(backend.node, words)
