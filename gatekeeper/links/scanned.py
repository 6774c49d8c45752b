"""Which Dockerfiles' images a scan is of, and which roots Terraform has: what evidence must cover to prove anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from posixpath import normpath
from typing import TYPE_CHECKING, cast

from gatekeeper.models import Subject
from gatekeeper.models.evidence.facts import Scan
from gatekeeper.models.image import ImageReference
from gatekeeper.node import regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.docker import Dockerfile
    from gatekeeper.models.terraform import Directory

_NOT_SHIPPED = regex(r"(?:^|[./_-])(?:dev|devel|development|test|tests|ci|local|debug)(?:$|[./_-])", re.I)


def unscanned(project: Project, scans: Sequence[Scan]) -> list[Dockerfile]:
    """The Dockerfiles whose image none of the scans is of. Those for development and tests ship nothing."""
    model = Subject.registry.get("docker.Dockerfile")
    dockerfiles = cast("list[Dockerfile]", project.all(model)) if model else []
    shipped = [dockerfile for dockerfile in dockerfiles if not _NOT_SHIPPED.search(dockerfile.path)]
    images = [image for scan in scans if scan.kind == "vulnerabilities" for image in scan.images]
    names = [
        reference for image in images if not image.startswith("sha256:") and (reference := ImageReference.parse(image))
    ]
    from gatekeeper.links.images import built_from, containers_of

    if len(shipped) == 1:
        runs = {each.reference.name for each in containers_of(shipped[0], project) if each.reference}
        if any(_ours(name) and (not runs or name.name in runs) for name in names) or (images and not names):
            return []

    links = [built_from(name, project) for name in names]
    covered = {link.dockerfile.path for link in links if link}
    return [dockerfile for dockerfile in shipped if dockerfile.path not in covered]


def _ours(reference: ImageReference) -> bool:
    """Whether an image may be built here: it is no well-known public one."""
    from gatekeeper.models.base_images import user_of

    return user_of(reference).kind == "unknown"


def roots_covered(roots: Sequence[str], abouts: Sequence[str]) -> set[str]:
    """The roots that reports are of, by what their manifests say they are about; one of each belong together."""
    if len(roots) == len(abouts) == 1 and not abouts[0]:
        return set(roots)
    named = {normpath(about) for about in abouts if about}
    return {root for root in roots if (root or ".") in named}


def terraform_roots(project: Project) -> list[str]:
    """The folders that Terraform is run in, '' for the repository's own; examples are nobody's infrastructure."""
    model = Subject.registry.get("terraform.Directory")
    directories = cast("list[Directory]", project.all(model)) if model else []
    return [directory.directory for directory in directories if directory.root and not directory.example]
