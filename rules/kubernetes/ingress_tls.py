from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Inlet, Service, written
from gatekeeper.models.kubernetes.network import ROUTES, listed
from gatekeeper.rule import Answer, rule

# Annotations by which the load balancer of a cloud, or a proxy before the cluster, has the certificate.
_TERMINATES = re.compile(
    r".*(?:certificate|ssl-cert|pre-shared-cert|certmap|ssl-passthrough|ssl-redirect|router\.tls|tls-passthrough).*"
)
_SECURE_CLASSES = ("tailscale", "cloudflare-tunnel", "cloudflare", "ngrok", "openshift-default")
_PLAIN = frozenset({"HTTP", "HTTP2", "GRPC"})


def _takes_web_traffic(inlet: Inlet) -> bool:
    """An Ingress, or a Gateway that has listeners for it; what only lets traffic out is not meant."""
    if inlet.kind in ROUTES:
        return False
    if inlet.ingress:
        return True
    outwards = "egress" in " ".join(written(value) for _, value in inlet.spec["selector"].items())
    return bool(inlet.listeners) and not outwards


@rule(
    "k8s-ingress-tls",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["polaris:tlsSettingsMissing"],
    where=_takes_web_traffic,
)
def ingress_tls(inlet: Inlet, project: Project) -> Iterator[Answer]:
    """Every Ingress and every Gateway takes traffic in over TLS.

    Without it passwords and sessions cross the network in plain text. For an Ingress `tls` counts, and annotations by
    which the load balancer has the certificate: of AWS (`certificate-arn`, HTTPS in `listen-ports`), Google Cloud
    (managed and pre-shared certificates), Azure, Traefik and others. A Gateway, of the Gateway API or of Istio, needs
    one listener with TLS; one whose every listener or route redirects to HTTPS is enough. An annotation for
    cert-manager alone makes no certificate: it needs `tls` too.

    Bad:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      # expect: no tls
      name: shop
      annotations: {cert-manager.io/cluster-issuer: letsencrypt}
    spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
    ```

    Bad, HTTP is allowed:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      # expect: no tls
      name: shop
      annotations: {kubernetes.io/ingress.allow-http: "true", cert-manager.io/issue-temporary-certificate: "true"}
    spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
    ```

    Bad, a Gateway:
    ```yaml
    apiVersion: gateway.networking.k8s.io/v1
    kind: Gateway
    metadata:
      # expect: no listener with TLS
      name: public
    spec:
      gatewayClassName: envoy
      listeners: [{name: http, protocol: HTTP, port: 80}]
    ```

    Good:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: shop}
    spec:
      tls: [{hosts: [shop.example.com], secretName: shop-tls}]
      defaultBackend: {service: {name: web, port: {number: 80}}}
    ---
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: api
      annotations: {alb.ingress.kubernetes.io/listen-ports: '[{"HTTP": 80}, {"HTTPS": 443}]'}
    spec: {ingressClassName: alb, defaultBackend: {service: {name: web, port: {number: 80}}}}
    ---
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: site, annotations: {networking.gke.io/managed-certificates: site}}
    spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
    ---
    apiVersion: gateway.networking.k8s.io/v1
    kind: Gateway
    metadata: {name: public}
    spec:
      listeners:
        - {name: http, protocol: HTTP, port: 80}
        - {name: https, protocol: HTTPS, port: 443, tls: {certificateRefs: [{name: shop-tls}]}}
    ---
    apiVersion: gateway.networking.k8s.io/v1
    kind: Gateway
    metadata: {name: redirecting}
    spec: {listeners: [{name: http, protocol: HTTP, port: 80}]}
    ---
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata: {name: redirect}
    spec:
      parentRefs: [{name: redirecting}]
      rules: [{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]}]
    ---
    apiVersion: networking.istio.io/v1
    kind: Gateway
    metadata: {name: mesh}
    spec:
      servers:
        - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"], tls: {httpsRedirect: true}}
    ```

    Unknown, a load balancer here has a certificate:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: shop}
    spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
    ---
    apiVersion: v1
    kind: Service
    metadata:
      name: ingress-nginx
      annotations: {service.beta.kubernetes.io/aws-load-balancer-ssl-cert: "arn:aws:acm:eu-west-1:1:certificate/1"}
    spec: {type: LoadBalancer, selector: {app: ingress-nginx}, ports: [{port: 443}]}
    ```
    """
    if _by_annotation(inlet):
        return
    if inlet.ingress:
        if inlet.spec["tls"] or _class_of(inlet) in _SECURE_CLASSES:
            return
        at, words = inlet, "no tls: traffic comes in as plain text"
        field = "tls"
    else:
        if not _plain(inlet) or _redirects(inlet, project):
            return
        at, words = inlet, "no listener with TLS: traffic comes in as plain text"
        field = "listeners"
    patch = unsettled(inlet, project)
    before = _before(project) if inlet.ingress else None
    if patch:
        yield Unknown(at, f"{patch.path} may patch its {field} or its annotations")
    elif before:
        yield Unknown(at, f"{before.name} has a certificate and may stand before it")
    else:
        fix = Fix("add spec.tls with the host and the name of a certificate's Secret") if inlet.ingress else None
        yield Finding(at, words, fix=fix)


def _by_annotation(inlet: Inlet) -> bool:
    for key, value in inlet.annotations.items():
        if value in ("", "false") or "cert-manager.io/" in key:
            continue  # cert-manager writes into the Secret that spec.tls names
        if _TERMINATES.match(key) and not key.startswith("nginx.ingress.kubernetes.io/ssl-redirect"):
            return True
        if (key.endswith("/listen-ports") and "HTTPS" in value) or (key.endswith("entrypoints") and "secure" in value):
            return True
        if key == "nginx.ingress.kubernetes.io/force-ssl-redirect":
            return True
    return inlet.annotations.get("kubernetes.io/ingress.allow-http") == "false"


def _class_of(inlet: Inlet) -> str:
    return written(inlet.spec["ingressClassName"]) or inlet.annotations.get("kubernetes.io/ingress.class", "")


def _plain(inlet: Inlet) -> bool:
    """Whether it takes web traffic, and none of it with TLS."""
    found = False
    for each in inlet.listeners:
        protocol = each["port"]["protocol"] if each["port"].is_mapping else each["protocol"]
        if protocol.text.upper() in _PLAIN and each["tls"]["httpsRedirect"].text != "true":
            found = True
        elif protocol.text.upper() not in _PLAIN:
            return False
    return found


def _redirects(gateway: Inlet, project: Project) -> bool:
    """Whether every route of it sends on to HTTPS."""
    routes = [
        route
        for route in project.all(Inlet)
        if route.kind == "HTTPRoute"
        and any(parent["name"].text == gateway.object_name for parent in listed(route.spec["parentRefs"]))
    ]
    filters = [listed(rule_["filters"]) for route in routes for rule_ in listed(route.spec["rules"])]
    return bool(filters) and all(
        any(each["requestRedirect"]["scheme"].text == "https" for each in chain) for chain in filters
    )


def _before(project: Project) -> Service | None:
    """A load balancer here that has a certificate, and may stand before an ingress controller."""
    for service in project.all(Service):
        if any("ssl-cert" in key and value for key, value in service.annotations.items()):
            return service
    return None
