from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import rule


@rule(
    "k8s-image-pull-policy",
    gate="container-hardening",
    severity="off",
    seed="6.1 Security Hardening",
    aliases=["CKV_K8S_15"],
    where=lambda container: container.reference is not None and not container.reference.digest,
)
def image_pull_policy(container: Container) -> Iterator[Finding]:
    """Images are asked of the registry whenever a container starts.

    So that a pod cannot use a private image that another one pulled onto its node. For `latest`, or no tag, that is
    what Kubernetes does by itself. Images with a digest are not meant. Off: it makes every start depend on the
    registry.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        # expect: not asked
        - {name: app, image: "app:1.2.0"}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - {name: app, image: "app:1.2.0", imagePullPolicy: Always}
        - {name: proxy, image: proxy}
    ```
    """
    policy, reference = container.node["imagePullPolicy"], container.reference
    tag = reference.tag if reference else ""
    if policy.text != "Always" and (policy.present or tag not in ("", "latest")):
        at = policy if policy.present else container.image
        yield Finding(at, f"the registry is not asked when {container.container_name} starts")
