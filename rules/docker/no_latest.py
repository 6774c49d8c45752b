from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.images import made_here
from gatekeeper.models.docker import Stage
from gatekeeper.models.image import ImageReference
from gatekeeper.rule import Answer, rule


@rule(
    "docker-no-latest",
    gate="container-hardening",
    severity="high",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3007", "CKV_DOCKER_7", "DS-0001"],
    where=lambda stage: stage.pulls,
)
def no_latest(stage: Stage, project: Project | None = None) -> Iterator[Answer]:
    """No base image is tagged `latest`.

    `latest` names whatever was pushed last: builds differ without a commit, and nobody can say what runs. With a digest
    behind it the tag decides nothing. A missing tag is docker-base-image-tag's; CKV_DOCKER_7 and DS-0001 ask both. Bare
    names of images that a script of this repository builds are not meant.

    Bad:
    ```dockerfile
    # expect: node:latest
    FROM node:latest
    ```

    Bad, by a default, through a port:
    ```dockerfile
    ARG TAG=latest
    # expect: localhost:5000/app:latest
    FROM localhost:5000/app:${TAG}
    ```

    Good:
    ```dockerfile
    FROM node:20-alpine AS latest
    FROM latest AS test
    FROM alpine:latest@sha256:4b7ce07002c69e8f3d704a9c5d6fd3053be500b7f1c69fc0d80990c2ad8dd412
    ```

    Unknown:
    ```dockerfile
    ARG TAG
    FROM node:$TAG
    ```
    Good, a script here builds it:
    ```dockerfile
    FROM shop-base:latest
    ```
    ```sh build.sh
    docker build -t shop-base -f base.Dockerfile .
    ```

    """
    base = stage.base
    if not isinstance(base, ImageReference):
        yield Unknown(stage.image, "the tag cannot be told")
    elif base.tag == "latest" and not base.digest and not (project and made_here(base, project)):
        yield Finding(stage.image, f"{base.text[:80]} is whatever was pushed last", fix=Fix("name the version"))
