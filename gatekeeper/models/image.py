"""References to container images: what stands in FROM, in `image:` of a manifest, in a pipeline's job."""

from __future__ import annotations

from typing import NamedTuple


class ImageReference(NamedTuple):
    """`registry/repository:tag@digest`, normalised as Docker does (https://github.com/distribution/reference).

    `registry` is `docker.io` when none is written, `repository` then has `library/` before a single name. `tag` and
    `digest` are '' where none is written.
    """

    registry: str
    repository: str
    tag: str
    digest: str
    text: str

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """The reference `text` means. Never raises; a colon before the last slash belongs to the registry's port."""
        name, _, digest = text.strip().partition("@")
        folder, slash, last = name.rpartition("/")
        last, _, tag = last.partition(":")
        name = folder + slash + last
        first, slash, rest = name.partition("/")
        if slash and ("." in first or ":" in first or first == "localhost"):
            registry, repository = first, rest
        else:
            registry, repository = "docker.io", name
        if registry in ("index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"):
            registry = "docker.io"
        if registry == "docker.io" and "/" not in repository:
            repository = f"library/{repository}"
        return cls(registry, repository, tag, digest, text.strip())

    @property
    def name(self) -> str:
        """The last part of the repository: what people call the image."""
        return self.repository.rpartition("/")[2]

    @property
    def is_scratch(self) -> bool:
        """The empty image: Docker reserves the bare word."""
        return self.text == "scratch"

    @property
    def official(self) -> str:
        """The name of a Docker official image ('node'), from Docker Hub or Amazon's copy; '' for any other."""
        if self.registry == "docker.io" and self.repository.startswith("library/"):
            return self.repository.removeprefix("library/")
        if self.registry == "public.ecr.aws" and self.repository.startswith("docker/library/"):
            return self.repository.removeprefix("docker/library/")
        return ""
