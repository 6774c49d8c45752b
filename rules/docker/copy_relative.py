from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.base_images import has_workdir
from gatekeeper.models.docker import Copy, Stage
from gatekeeper.models.image import ImageReference
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_ABSOLUTE = regex(r"[\"']?(?:[/\\]|[A-Za-z]:|\$)")


def _relative(copy: Copy) -> bool:
    words = copy.instruction.words
    return len(words) > 1 and not _ABSOLUTE.match(words[-1].text)


def _folder_named(stage: Stage, copy: Copy) -> bool:
    """Whether a WORKDIR stands before it."""
    for each in stage.body:
        if each is copy.instruction:
            break
        if each.kind == "WORKDIR":
            return True
    return any(earlier.instructions("WORKDIR") for earlier in stage.lineage[1:])


@rule(
    "docker-copy-relative",
    gate="container-hardening",
    severity="low",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3045"],
    where=lambda stage: any(_relative(copy) for copy in stage.copies),
)
def copy_relative(stage: Stage) -> Iterator[Answer]:
    """COPY to a relative path stands below a WORKDIR.

    Without one the files land where the base image happens to work: in `/`, or wherever its next version does.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: app/
    COPY app app/
    ```

    Good:
    ```dockerfile
    FROM debian:13 AS base
    COPY a /a
    WORKDIR /srv
    FROM base
    COPY app ./
    ```

    Good, the base image names one:
    ```dockerfile
    FROM golang:1.25
    COPY . .
    ```

    Unknown:
    ```dockerfile
    FROM registry.example.com/base:1
    COPY app .
    ```
    """
    for copy in stage.copies:
        if not _relative(copy) or _folder_named(stage, copy):
            continue
        image = stage.root_image
        known = has_workdir(image) if isinstance(image, ImageReference) else None
        target = copy.instruction.words[-1]
        if known is None:
            yield Unknown(target, "whether the base image names a WORKDIR is not known")
            return
        if not known:
            yield Finding(
                target, f"{target.text[:60]} is relative, and no WORKDIR is named", fix=Fix("WORKDIR above it")
            )
            return
