from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.images import made_here
from gatekeeper.models.docker import Stage
from gatekeeper.models.image import ImageReference
from gatekeeper.rule import Answer, rule


@rule(
    "docker-base-image-tag",
    gate="container-hardening",
    severity="high",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3006", "CKV_DOCKER_7", "DS-0001"],
    where=lambda stage: stage.pulls,
)
def base_image_tag(stage: Stage, project: Project | None = None) -> Iterator[Answer]:
    """Every base image has a tag or a digest.

    Without one Docker pulls `latest`: the same commit builds another image tomorrow. The colon of a registry's port is
    no tag. Stages of the same file and `scratch` have none to give, nor have bare names of images that a script of this
    repository builds. CKV_DOCKER_7 and DS-0001 ask this and
    docker-no-latest at once.

    Bad:
    ```dockerfile
    # expect: node has no tag
    FROM node
    ```

    Bad, a port is no tag:
    ```dockerfile
    # expect: no tag
    FROM localhost:5000/app AS build
    ```

    Bad, by a default:
    ```dockerfile
    ARG BASE=registry.example.com/debian
    # expect: registry.example.com/debian has no tag
    FROM --platform=$BUILDPLATFORM ${BASE}
    ```

    Good:
    ```dockerfile
    ARG NODE_VERSION
    FROM node:20-alpine AS build
    FROM node:${NODE_VERSION} AS tagged
    FROM node@sha256:2bd74b6ab2f6a7a1e4bb4b0e8f0d2d1d0a3b4cf3e1a55c0a2c8c3e0f0a1b2c3d AS digest
    FROM build AS test
    FROM scratch
    COPY --from=Build /app /app
    ```

    Unknown:
    ```dockerfile
    ARG BASE
    FROM ${BASE}
    ```
    Good, a script here builds it:
    ```dockerfile
    FROM shop-base
    ```
    ```sh build.sh
    docker build -t shop-base -f base.Dockerfile .
    ```

    """
    base = stage.base
    if isinstance(base, ImageReference):
        if not base.tag and not base.digest and not (project and made_here(base, project)):
            yield Finding(
                stage.image,
                f"{base.text[:80]} has no tag",
                fix=Fix("name the version: image:tag, better with its digest"),
            )
    elif not _ends_with_tag(stage.begin.words[0].text if stage.begin.words else ""):
        yield Unknown(stage.image, "which image this is cannot be told")


def _ends_with_tag(text: str) -> bool:
    """Whether a tag or digest is written, whatever its value: `node:${VERSION}`."""
    written = re.sub(r"\$\{[^{}]*\}|\$\w+", "X", text)
    return "@" in written or ":" in written.rpartition("/")[2]
