from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Unknown
from gatekeeper.models.kubernetes import DestinationRule, Object, PeerAuthentication
from gatekeeper.models.kubernetes.mesh import ServiceDefaults
from gatekeeper.rule import Answer, rule

_OPEN = ("PERMISSIVE", "DISABLE")


def _about_tls(each: Object) -> bool:
    """It says something of mutual TLS: Istio's policies, TLS towards a host, Consul's mode."""
    if isinstance(each, DestinationRule):
        return any(policy["tls"].present for policy in each.policies)
    if isinstance(each, ServiceDefaults) or (each.kind, each.group) == ("Mesh", "consul.hashicorp.com"):
        return each.spec["mutualTLSMode"].present or each.spec["allowEnablingPermissiveMutualTLS"].present
    return isinstance(each, PeerAuthentication) and (each.mode.present or each.spec["portLevelMtls"].present)


@rule(
    "mesh-mtls-strict",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening",
    where=_about_tls,
)
def mtls_strict(each: Object) -> Iterator[Answer]:
    """No rule of the mesh takes or sends plain text.

    `PERMISSIVE` is for the time of moving into the mesh: whoever is on the network still talks to the pods without a
    certificate, and past every rule about who may. `DISABLE` turns encryption off, also for a single port; so does
    `tls.mode: DISABLE` of a DestinationRule for calls to its host. Of Consul `mutualTLSMode: permissive` is meant, and
    the mesh's leave to use it.

    Bad:
    ```yaml
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec:
      mtls:
        # expect: PERMISSIVE
        mode: PERMISSIVE
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      mtls: {mode: STRICT}
      portLevelMtls:
        8080:
          # expect: port 8080
          mode: DISABLE
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata: {name: web}
    spec:
      host: web
      trafficPolicy:
        tls:
          # expect: DISABLE
          mode: DISABLE
    ---
    apiVersion: consul.hashicorp.com/v1alpha1
    kind: ServiceDefaults
    metadata: {name: api}
    spec:
      # expect: permissive
      mutualTLSMode: permissive
    ```

    Good:
    ```yaml
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: istio-system}
    spec: {mtls: {mode: STRICT}}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata: {name: web}
    spec: {host: web, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}
    ```
    """
    if isinstance(each, DestinationRule):
        for policy in each.policies:
            if policy["tls"]["mode"] == "DISABLE":
                yield Finding(policy["tls"]["mode"], f"DISABLE: calls to {each.host.text} are sent as plain text")
    elif isinstance(each, PeerAuthentication):
        yield from _of_policy(each)
    else:
        mode, leave = each.spec["mutualTLSMode"], each.spec["allowEnablingPermissiveMutualTLS"]
        if mode == "permissive":
            yield Finding(mode, "permissive: plain text is taken too")
        if leave.text == "true":
            yield Finding(leave, "every service may turn to permissive mutual TLS")


def _of_policy(policy: PeerAuthentication) -> Iterator[Answer]:
    if policy.mode.present and policy.mode.text in _OPEN:
        yield Finding(policy.mode, f"{policy.mode.text}: {_words(policy.mode.text)}")
    for port, mode in policy.ports:
        if not mode.known:
            yield Unknown(mode, f"the mode of port {port} is filled in later")
        elif mode.text in _OPEN:
            yield Finding(mode, f"{mode.text} for port {port}: {_words(mode.text)}")


def _words(mode: str) -> str:
    return "plain text is taken too" if mode == "PERMISSIVE" else "connections are not encrypted"
