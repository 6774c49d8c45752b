from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import built_by_skaffold, unsettled
from gatekeeper.models.image import ImageReference
from gatekeeper.models.kubernetes import Container
from gatekeeper.models.kubernetes.templates import REASON, stands_in
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-image-tag",
    gate="deployment-rollback",
    severity="high",
    seed="Best Practices Checklist, Infrastructure as Code: Immutable infrastructure",
    aliases=[
        "CKV_K8S_14",
        "KSV-0013",
        "kube-linter:latest-tag",
        "kube-score:container-image-tag",
        "polaris:tagNotSpecified",
    ],
    where=lambda container: container.image.present,
)
def image_tag(container: Container, project: Project) -> Iterator[Answer]:
    """Every container's image is pinned to a version.

    `latest`, or no tag at all, is whatever was pushed last when a node pulls: two replicas may run different code,
    and `kubectl rollout undo` goes back to the same word. A digest pins, whatever the tag. A colon before the last
    slash belongs to the registry's port. What a kustomization writes in place of the image counts; with skaffold,
    which writes the tag when it deploys, the answer is not known.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          initContainers:
            # expect: no tag
            - {name: migrate, image: "registry:5000/app"}
          containers:
            - name: app
              # expect: latest
              image: ghcr.io/acme/app:latest
    ```

    Bad, the kustomization makes it worse:
    ```yaml app.yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "app:1.2.0"}]
    ```
    ```yaml kustomization.yaml
    resources: [app.yaml]
    # expect: latest
    images: [{name: app, newTag: latest}]
    ```

    Bad, a line too many:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - name: app
          # expect: no image reference
          image: "app:1.2.0\\nlatest"
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - {name: app, image: "registry:5000/app:1.2.0"}
        - {name: proxy, image: "proxy@sha256:7bb1ff3fa2d0c4b1b6f3a9f2ab8c0f2d3f5b1c7f6fcb9d1c5e3b7c4ad2b0c1e1"}
        - {name: agent, image: "agent:latest@sha256:7bb1ff3fa2d0c4b1b6f3a9f2ab8c0f2d3f5b1c7f6fcb9d1c5e3b7c4ad2b0c1e1"}
    ```

    Good, the kustomization pins it:
    ```yaml base/app.yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: app}]
    ```
    ```yaml base/kustomization.yaml
    resources: [app.yaml]
    ```
    ```yaml prod/kustomization.yaml
    resources: [../base]
    images: [{name: app, newName: ghcr.io/acme/app, newTag: 1.2.0}]
    ```

    Unknown, the pipeline fills it in:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "ghcr.io/acme/app:${GIT_SHA}"}]
    ```

    Unknown, a script replaces the word:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "ghcr.io/acme/APP_IMAGE"}]
    ```

    Unknown, skaffold writes the tag:
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
    if reference is None:
        return
    fault = _fault(reference)
    if not fault:
        return
    patch = unsettled(container, project)
    if patch:
        yield Unknown(container.image, f"{patch.path} may patch the image")
    elif not reference.tag and built_by_skaffold(reference, project):
        yield Unknown(container.image, "skaffold writes the tag when it deploys")
    elif not reference.tag and stands_in(reference.name):  # no image's name is in capital letters
        yield Unknown(container.image, f"{reference.name} {REASON}")
    else:
        yield Finding(container.image, fault, fix=Fix("write the version that was built, or its digest"))


def _fault(reference: ImageReference) -> str:
    if any(character.isspace() or not character.isprintable() for character in reference.text):
        return "this is no image reference: there are blanks or control characters in it"
    if reference.digest:
        return ""
    if not reference.tag:
        return f"{reference.text} has no tag: it means latest, whatever was pushed last"
    return f"{reference.text} is whatever was pushed last" if reference.tag == "latest" else ""
