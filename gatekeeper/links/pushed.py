"""Under which tags pipelines push an image: written out, made of the commit, or computed otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.links.commands import texts
from gatekeeper.links.images import workflow_jobs
from gatekeeper.models.image import ImageReference
from gatekeeper.models.kubernetes import Object, written
from gatekeeper.node import Node, regex
from gatekeeper.project import Project

_EXPRESSION = regex(r"\$\{\{[^}]{0,200}\}\}")
_OF_COMMIT = regex(r"\$\{\{\s{0,9}github\.sha\s{0,9}\}\}\Z")
_MADE = regex(r"\$\{\{\s{0,9}steps\.([\w-]{1,60})\.outputs\.tags\s{0,9}\}\}\Z")
_PUSHED_BY_HAND = regex(r"docker (?:image )?push (?:--?[a-z-]{1,20} )?[\"']?([^\s\"';&|]{1,300})")
# What writes another tag into a manifest when it is applied.
_REWRITES = (
    "set image", "envsubst", "sed -i", "sed -e", "image-updater", "yq ", "kubectl patch", "IMAGE_TAG", "replace-tokens",
    "kustomize edit", "deploy-to-gke", "k8s-deploy", "cloud-deploy",
)  # fmt: skip


class Pushed(NamedTuple):
    """The tags written out, whether the commit's own hash is one, the first that is computed otherwise, and where."""

    fixed: frozenset[str]
    of_commit: bool
    computed: str
    path: str

    @property
    def words(self) -> str:
        commit = ["the commit's hash"] if self.of_commit else []
        return ", ".join([*sorted(self.fixed), *commit])


class _Tag(NamedTuple):
    image: str  # the name without its tag, with expressions
    tag: str
    path: str


def pushed(reference: ImageReference, project: Project) -> Pushed | None:
    """What pipelines here push of an image; None when none pushes it."""
    tags = [each for each in project.once("pushed", lambda project: [*_all(project)]) if _same(each.image, reference)]
    if not tags:
        return None
    fixed = frozenset(each.tag for each in tags if "$" not in each.tag)
    others = [each.tag for each in tags if "$" in each.tag]
    commit = [tag for tag in others if _OF_COMMIT.match(tag)]
    computed = next((tag.removeprefix("$ ") for tag in others if tag not in commit), "")
    return Pushed(fixed, bool(commit), computed, tags[0].path)


def rewrites(project: Project) -> str:
    """A file that writes another tag into the manifests when they are applied; '' when there is none."""

    def make(project: Project) -> str:
        for each in project.all(Object):
            if each.kind in ("ImageUpdateAutomation", "ImagePolicy"):
                return f"{each.name} writes the tags"
        found = next((path for path, _ in texts(project, *_REWRITES) if not path.endswith((".md", ".markdown"))), "")
        return f"{found} may write another tag when it deploys" if found else ""

    return project.once("rewrites", make)


def _same(name: str, reference: ImageReference) -> bool:
    if "$" not in name:
        other = ImageReference.parse(name)
        return (other.registry, other.repository) == (reference.registry, reference.repository)
    return name.rpartition("/")[2] == reference.name


def _all(project: Project) -> Iterator[_Tag]:
    for path, job in workflow_jobs(project):
        yield from _of_job(job, path)


def _of_job(job: Node, path: str) -> Iterator[_Tag]:
    steps = list(job["steps"])
    for step in steps:
        builds = written(step["uses"]).startswith("docker/build-push-action@")
        if builds and written(step["with"]["push"]) not in ("", "false"):
            yield from _of_tags(written(step["with"]["tags"]), steps, path)
        for found in _PUSHED_BY_HAND.finditer(written(step["run"])):
            yield from _split(found[1], path)


def _of_tags(text: str, steps: list[Node], path: str) -> Iterator[_Tag]:
    for line in re.split(r"[,\n]", text):
        made = _MADE.match(line.strip())
        if made:
            for step in steps:
                if written(step["id"]) == made[1]:
                    yield from _of_metadata(step["with"], path)
        elif line.strip():
            yield from _split(line.strip(), path)


def _of_metadata(given: Node, path: str) -> Iterator[_Tag]:
    """docker/metadata-action: `type=sha` is the commit, `type=raw` what it says, everything else is computed."""
    for image in re.split(r"[,\s]+", written(given["images"]).strip()):
        for line in written(given["tags"]).splitlines() or ["type=ref"]:
            facts = dict(part.partition("=")[::2] for part in line.strip().split(","))
            if facts.get("type") == "raw" and "$" not in facts.get("value", "$"):
                yield _Tag(image, facts["value"], path)
            elif facts.get("type") == "sha":
                yield _Tag(image, "${{ github.sha }}", path)
            elif line.strip():
                yield _Tag(image, f"$ {line.strip()}", path)


def _split(text: str, path: str) -> Iterator[_Tag]:
    """The name and the tag, where expressions may stand in either."""
    held = _EXPRESSION.findall(text)
    bare = _EXPRESSION.sub("\0", text).partition("@")[0]
    head, slash, last = bare.rpartition("/")
    name, _, tag = last.partition(":")
    before = f"{head}{slash}{name}"
    count = before.count("\0")
    if name and "\0" not in name and not name.startswith("$"):
        yield _Tag(_put(before, held[:count]), _put(tag, held[count:]) or "latest", path)


def _put(text: str, held: list[str]) -> str:
    for each in held:
        text = text.replace("\0", each, 1)
    return text
