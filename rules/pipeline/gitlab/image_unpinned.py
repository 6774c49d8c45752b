from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.image import ImageReference
from gatekeeper.models.pipeline.gitlab import JobImage
from gatekeeper.rule import rule


@rule(
    "gitlab-image-unpinned",
    gate="workflow-security",
    severity="low",
    seed="Best Practices Checklist: Immutable Infrastructure",
)
def image_unpinned(image: JobImage) -> Iterator[Finding | Unknown]:
    """Jobs run in images of a certain version.

    An image without a tag, or with `latest`, is another one tomorrow: a job that passed yesterday fails without a
    commit, and whatever was put into the image meanwhile runs with this project's secrets. A tag with a version is
    enough here; a digest is certain.

    Bad:
    ```yaml
    test:
      # expect: python has no tag
      image: python
      services:
        # expect: postgres:latest
        - name: postgres:latest
      script: [pytest]
    ```

    Good:
    ```yaml
    default:
      image: python:3.12
    variables:
      NODE: "20.11"
    test: {script: [pytest]}
    web:
      image: {name: "node:$NODE"}
      script: [npm test]
    own:
      image: $CI_REGISTRY_IMAGE/ci:$CI_COMMIT_SHA
      script: [make]
    ```

    Unknown:
    ```yaml
    test:
      image: $IMAGE_OF_THE_GROUP
      script: [pytest]
    ```
    """
    text = image.resolved
    fix = Fix("name a version: image:1.2.3, or a digest")
    last = text.rpartition("/")[2]
    if last.startswith("$") and ":" not in last and "@" not in text:
        yield Unknown(image, f"which image {text} is")
        return
    reference = ImageReference.parse(text)
    if reference.digest or (reference.tag and reference.tag != "latest"):
        return
    words = f"{text} is another image tomorrow" if reference.tag else f"{text} has no tag"
    yield Finding(image, words, fix=fix)
