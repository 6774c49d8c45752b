from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import built_by_skaffold, unsettled
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-image-digest",
    gate="deployment-rollback",
    severity="low",
    seed="Best Practices Checklist, Infrastructure as Code: Immutable infrastructure",
    aliases=["CKV_K8S_43"],
    where=lambda container: container.image.present,
)
def image_digest(container: Container, project: Project) -> Iterator[Answer]:
    """Every container's image is pinned by digest.

    A tag can be moved to another image; a digest cannot. A digest that a kustomization writes counts.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        # expect: no digest
        - {name: app, image: "app:1.2.0"}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - {name: app, image: "app:1.2.0@sha256:7bb1ff3fa2d0c4b1b6f3a9f2ab8c0f2d3f5b1c7f6fcb9d1c5e3b7c4ad2b0c1e1"}
    ```

    Unknown, skaffold writes it:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: app}]
    ```
    ```yaml skaffold.yaml
    apiVersion: skaffold/v4beta11
    kind: Config
    build:
      artifacts: [{image: app, context: src}]
    ```
    """
    reference = container.reference
    if reference is None or reference.digest:
        return
    patch = unsettled(container, project)
    if patch:
        yield Unknown(container.image, f"{patch.path} may patch the image")
    elif built_by_skaffold(reference, project):
        yield Unknown(container.image, "skaffold writes the image when it deploys")
    else:
        words = f"{reference.text} has no digest: its tag can be moved"
        yield Finding(container.image, words, fix=Fix("write the digest that was pushed behind the tag"))
