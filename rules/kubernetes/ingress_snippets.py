from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Inlet
from gatekeeper.rule import rule

_SNIPPET = re.compile(r"(?:nginx\.ingress\.kubernetes\.io|nginx\.org|ingress\.kubernetes\.io)/[a-z-]{0,60}snippets?\Z")


@rule(
    "k8s-ingress-snippet",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["CKV_K8S_152", "CKV_K8S_153", "CKV_K8S_154"],
    where=lambda inlet: inlet.ingress,
)
def ingress_snippets(inlet: Inlet) -> Iterator[Finding]:
    """No Ingress writes nginx configuration.

    A snippet is put into the controller's own configuration: whoever may write an Ingress reads the controller's token
    with it, and so every Secret of the cluster (CVE-2021-25742). What is in the snippet makes no difference; `alias`
    and Lua are the known ways. Trivy's KCV-0093 is about other annotations, and its check is not this one.

    Bad:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: shop
      annotations:
        # expect: configuration-snippet
        nginx.ingress.kubernetes.io/configuration-snippet: |
          location /x { alias /etc/; }
    spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
    ```

    Good:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: shop, annotations: {nginx.ingress.kubernetes.io/proxy-body-size: 8m}}
    spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
    ```
    """
    for key, value in inlet.metadata["annotations"].items():
        if _SNIPPET.match(key) and value.present:
            yield Finding(value, f"{key.partition('/')[2]} writes into the controller's configuration")
