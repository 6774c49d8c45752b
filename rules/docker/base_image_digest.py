from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.docker import Stage
from gatekeeper.models.image import ImageReference
from gatekeeper.rule import Answer, rule


@rule(
    "docker-base-image-digest",
    gate="container-hardening",
    severity="low",
    seed="Best Practices Checklist, Infrastructure as Code: Immutable infrastructure",
    where=lambda stage: stage.pulls,
)
def base_image_digest(stage: Stage) -> Iterator[Answer]:
    """Every base image is pinned by its digest.

    A tag can be pushed again, and often is: only the digest makes the same commit build upon the same image. Renovate
    and Dependabot keep digests up to date.

    Bad:
    ```dockerfile
    # expect: node:20
    FROM node:20
    ```

    Good:
    ```dockerfile
    FROM node:20@sha256:2bd74b6ab2f6a7a1e4bb4b0e8f0d2d1d0a3b4cf3e1a55c0a2c8c3e0f0a1b2c3d AS build
    FROM build
    FROM scratch
    COPY --from=build /app /app
    ```

    Unknown:
    ```dockerfile
    ARG BASE
    FROM $BASE
    ```
    """
    base = stage.base
    if isinstance(base, ImageReference) and not base.digest:
        yield Finding(stage.image, f"{base.text[:80]} has no digest", fix=Fix("image:tag@sha256:…"))
    elif not isinstance(base, ImageReference) and "@sha256:" not in (
        stage.begin.words[0].text if stage.begin.words else ""
    ):
        yield Unknown(stage.image, "which image this is cannot be told")
