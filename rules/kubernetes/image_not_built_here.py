from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import built_by_skaffold, dockerfile_of, unsettled
from gatekeeper.links.pushed import pushed, rewrites
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import Answer, rule

_HASH = re.compile(r"(?:sha-)?[0-9a-f]{7,40}\Z")


def _ours(container: Container, project: Project) -> bool:
    """An image of this repository, where pipelines here push it under tags that are written out and change none."""
    reference = container.reference
    if reference is None or reference.digest or built_by_skaffold(reference, project):
        return False
    link = dockerfile_of(container, project)
    if link is None or not link.certain or rewrites(project):
        return False
    known = pushed(reference, project)
    return known is not None and not known.computed


@rule(
    "k8s-image-not-built-here",
    gate="iac-validation",
    severity="medium",
    seed="3.1 Pipeline Stages",
    where=_ours,
)
def image_not_built_here(container: Container, project: Project) -> Iterator[Answer]:
    """Every image of this repository is deployed under a tag that its pipeline pushes.

    A manifest that stays on `:1.0` while the pipeline pushes the commit's hash deploys the same old image for ever, or
    one that was never pushed. The Dockerfile must be known to be this image's, and a workflow here must push it. Images
    with a digest and those that skaffold builds are not judged; nor is any where the pipeline computes the tag, or
    where something writes it into the manifest at deployment (`kubectl set image`, `sed`, an image updater): the tag
    that stands here is then not the one that is deployed.

    Bad:
    ```yaml k8s/web.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        spec:
          containers:
            - name: web
              # expect: no job pushes the tag 1.0
              image: ghcr.io/acme/web:1.0
    ```
    ```dockerfile web/Dockerfile
    FROM node:22.1.0
    ```
    ```yaml .github/workflows/build.yaml
    on: push
    jobs:
      build:
        runs-on: ubuntu-24.04
        steps:
          - uses: docker/build-push-action@v6
            with:
              context: web
              push: true
              tags: ghcr.io/acme/web:${{ github.sha }}
    ```

    Good:
    ```yaml k8s/web.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        spec: {containers: [{name: web, image: "ghcr.io/acme/web:stable"}]}
    ```
    ```dockerfile web/Dockerfile
    FROM node:22.1.0
    ```
    ```yaml .github/workflows/build.yaml
    on: push
    jobs:
      build:
        runs-on: ubuntu-24.04
        steps:
          - uses: docker/build-push-action@v6
            with:
              context: web
              push: true
              tags: |
                ghcr.io/acme/web:${{ github.sha }}
                ghcr.io/acme/web:stable
    ```
    """
    reference = container.reference
    known = pushed(reference, project) if reference else None
    if reference is None or known is None:
        return
    tag = reference.tag or "latest"
    if tag in known.fixed or (known.of_commit and _HASH.match(tag)):
        return
    patch = unsettled(container, project)
    if patch:
        yield Unknown(container.image, f"{patch.path} may patch the image")
    else:
        words = f"no job pushes the tag {tag}: {known.path} pushes {known.words}"
        link = dockerfile_of(container, project)
        see = (Note(link.dockerfile, "its Dockerfile"),) if link else ()
        yield Finding(container.image, words, see)
