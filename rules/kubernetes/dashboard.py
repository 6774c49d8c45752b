from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import rule

_IMAGES = ("kubernetes-dashboard", "kubernetes-dashboard-amd64", "dashboard-web", "dashboard-api")


@rule(
    "k8s-dashboard",
    gate="security-posture",
    severity="off",
    seed="6.1 Security Hardening",
    aliases=["CKV_K8S_33"],
    where=lambda container: container.image.present,
)
def dashboard(container: Container) -> Iterator[Finding]:
    """The Kubernetes dashboard is not deployed.

    A page through which whoever finds it has the rights of its ServiceAccount.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: server}
    spec:
      template:
        spec:
          containers:
            # expect: the Kubernetes dashboard
            - {name: server, image: "kubernetesui/kubernetes-dashboard:v2.7.0"}
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
    if reference and reference.name in _IMAGES:
        yield Finding(container.image, f"the Kubernetes dashboard is deployed here ({reference.name})")
