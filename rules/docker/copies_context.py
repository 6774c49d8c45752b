from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Copy, Dockerfile, Stage
from gatekeeper.rule import rule


def _takes_all(copy: Copy) -> bool:
    """Whether it copies the whole build context."""
    return copy.origin is None and any(
        source.known and source.text and posixpath.normpath(source.text).lstrip("/") in ("", ".", "*")
        for source in copy.sources
    )


def _whole(stage: Stage) -> list[Copy]:
    return [copy for copy in stage.copies if _takes_all(copy)]


def _lets_in_only_what_it_names(dockerfile: Dockerfile) -> bool:
    """Whether the ignore file begins by shutting everything out."""
    path = dockerfile.ignore_file
    text = dockerfile.text_of(path) if path else None
    lines = [line.strip() for line in (text or "").splitlines()]
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return first in ("*", "**", "/*", "**/*")


@rule(
    "docker-copies-context",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
)
def copies_context(dockerfile: Dockerfile) -> Iterator[Finding]:
    """The image that ships holds only the files that it needs.

    `COPY . .` in the stage that ships brings along whatever lies in the build context: sources, tests, `.git`, a `.env`
    of the person who builds. Asked are two things: where another stage builds, named paths are copied into the one that
    ships, and where the whole context is copied anywhere, a `.dockerignore` keeps out what must not go along. An
    ignore file that first shuts everything out (`*`) and then names what goes in makes `COPY . .` exact. The context is
    taken to begin at the Dockerfile's folder or above it.

    Bad, in the stage that ships:
    ```dockerfile
    FROM python:3.13 AS build
    RUN pip wheel -w /wheels .
    FROM python:3.13-slim
    # expect: into the stage that ships
    COPY . /app
    ```
    ```text .dockerignore
    .git
    ```

    Bad, no ignore file:
    ```dockerfile
    FROM node:20
    # expect: no .dockerignore
    COPY --chown=node ./ ./
    ```

    Bad, inherited by the stage that ships:
    ```dockerfile docker/Dockerfile
    FROM node:20 AS base
    # expect: into the stage that ships
    ADD . /app
    FROM golang:1.25 AS tools
    FROM base
    COPY --from=tools /go/bin/tool /bin/
    ```
    ```text .dockerignore
    node_modules
    ```

    Good:
    ```dockerfile docker/Dockerfile
    FROM node:20 AS build
    COPY . .
    RUN npm run build
    FROM node:20-alpine
    COPY --from=build . /app
    COPY dist/ package.json /app/
    ```
    ```text .dockerignore
    .git
    node_modules
    ```

    Good, one stage upon the other:
    ```dockerfile
    FROM php:8.4 AS base
    COPY . /var/www
    FROM base
    ```
    ```text Dockerfile.dockerignore
    .git
    ```

    Good, the ignore file lets in only what it names:
    ```dockerfile
    FROM python:3.13 AS build
    RUN pip wheel -w /wheels app
    FROM python:3.13-slim
    COPY . .
    ```
    ```text .dockerignore
    # nothing but the package
    *
    !app
    ```
    """
    fix = Fix("COPY the paths that are needed, or a .dockerignore that starts with * and lets them in")
    whole = [copy for stage in dockerfile.stages for copy in _whole(stage)]
    shipped = [copy for stage in dockerfile.final.lineage for copy in _whole(stage)]
    builds_apart = len(dockerfile.stages) > len(dockerfile.final.lineage)
    if shipped and builds_apart and not _lets_in_only_what_it_names(dockerfile):
        yield Finding(shipped[0].instruction.node, "the whole build context goes into the stage that ships", fix=fix)
    elif whole and not dockerfile.ignore_file:
        yield Finding(
            whole[0].instruction.node, "copies the whole build context, and there is no .dockerignore", fix=fix
        )
