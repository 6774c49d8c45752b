from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes.mesh import ServiceIntentions
from gatekeeper.models.kubernetes.network import listed
from gatekeeper.rule import rule


@rule(
    "mesh-intentions-open",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening",
)
def intentions_open(intentions: ServiceIntentions) -> Iterator[Finding]:
    """Every service of Consul's mesh says who may call it.

    An intention that allows the source `*` lets every service in: a certificate then proves who calls, and nobody asks.

    Bad:
    ```yaml
    apiVersion: consul.hashicorp.com/v1alpha1
    kind: ServiceIntentions
    metadata: {name: api}
    spec:
      destination: {name: api}
      sources:
        # expect: every service
        - {name: "*", action: allow}
    ```

    Good:
    ```yaml
    apiVersion: consul.hashicorp.com/v1alpha1
    kind: ServiceIntentions
    metadata: {name: api}
    spec:
      destination: {name: api}
      sources: [{name: web, action: allow}, {name: "*", action: deny}]
    ```
    """
    for source in listed(intentions.spec["sources"]):
        if source["name"] == "*" and source["action"] == "allow":
            called = intentions.spec["destination"]["name"].text
            yield Finding(source["name"], f"every service may call {'every other' if called == '*' else called}")
