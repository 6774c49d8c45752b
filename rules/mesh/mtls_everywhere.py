from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import services_of
from gatekeeper.links.mesh import injected, mesh_of, mode_of
from gatekeeper.models.kubernetes import PeerAuthentication, Workload
from gatekeeper.rule import Answer, Reason, rule


def _in_istio(workload: Workload, project: Project) -> bool:
    """Its pods are in Istio's mesh: they have the proxy, or Istio's rules name the Service before them."""
    mesh = injected(workload, project)
    if mesh:
        return mesh == "istio"
    return any(mesh_of(each, project) == "istio" for each in services_of(workload, project))


@rule(
    "mesh-mtls-everywhere",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening",
    where=lambda workload, project: not workload.batch and _in_istio(workload, project),
)
def mtls_everywhere(workload: Workload, project: Project) -> Iterator[Answer]:
    """Every workload in Istio's mesh takes encrypted connections alone.

    Where no PeerAuthentication says STRICT, Istio takes plain text beside mutual TLS. The one that counts is that of
    the workload's own labels, else its namespace's, else the mesh's (in `istio-system`). Where none is here the answer
    is not known: the mesh's own may stand in the repository of the platform. Linkerd and Consul encrypt by default.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      # expect: PERMISSIVE counts
      name: web
      namespace: shop
    spec:
      template:
        metadata: {labels: {app: web, sidecar.istio.io/inject: "true"}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: istio-system}
    spec: {mtls: {mode: STRICT}}
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: PERMISSIVE}}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: istio-system}
    spec: {mtls: {mode: STRICT}}
    ```

    Unknown, none is here:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      template:
        metadata: {labels: {app: web, sidecar.istio.io/inject: "true"}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ```
    """
    found = mode_of(workload, project)
    if found.mode == "STRICT":
        return
    if found.at is not None:
        words = f"{found.mode} counts for its pods: connections need not be encrypted"
        yield Finding(workload, words, (Note(found.at, "the policy that counts"),))
    elif project.all(PeerAuthentication):
        words = "no PeerAuthentication here is about its pods; that of the whole mesh may be elsewhere"
        yield Unknown(workload, words, Reason.NOT_OWNED_HERE)
    else:
        words = "no PeerAuthentication is here; that of the mesh may be elsewhere"
        yield Unknown(workload, words, Reason.NOT_OWNED_HERE)
