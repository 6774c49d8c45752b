from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import rule


@rule(
    "k8s-tiller",
    gate="security-posture",
    severity="off",
    seed="6.1 Security Hardening",
    aliases=["CKV_K8S_34"],
    where=lambda container: container.image.present,
)
def tiller(container: Container) -> Iterator[Finding]:
    """Tiller is not deployed.

    The server half of Helm 2, which had the rights of cluster-admin and asked nobody who they are. Helm 3 has none.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: server}
    spec:
      template:
        spec:
          containers:
            # expect: Tiller
            - {name: server, image: "gcr.io/kubernetes-helm/tiller:v2.17.0"}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec: {containers: [{name: app, image: "app:1.2.0"}]}
    ```
    """
    reference = container.reference
    if reference and reference.name in ("tiller",):
        yield Finding(container.image, f"Tiller is deployed here ({reference.name})")
