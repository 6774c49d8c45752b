"""Which Dockerfile of this repository a container's image is built from.

A ladder: what a compose file, skaffold or a build step says; then the name of the Dockerfile's folder; then that name
as the end of the image's. Two candidates on one rung are no answer.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.discover import Unreadable
from gatekeeper.links.commands import texts
from gatekeeper.models import Subject
from gatekeeper.models.base_images import user_of
from gatekeeper.models.files import COMPOSE
from gatekeeper.models.image import ImageReference
from gatekeeper.models.kubernetes import Container, written
from gatekeeper.node import Node, regex
from gatekeeper.parsers import yaml
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.docker import Dockerfile, Stage

# The rungs, the most certain first: `compose`, `skaffold` and `workflow` declare the link, `exact` and `only` infer it
# from names that agree in full, `suffix` from the end of a name.
CERTAIN = frozenset({"compose", "skaffold", "workflow", "exact", "only"})
_NOT_NAMING = frozenset({"src", "docker", "build", "app", "container", "image"})
_SKAFFOLD = regex(r"skaffold[\w.-]*\.ya?ml\Z")
_WORKFLOW = regex(r"(?:.*/)?\.github/workflows/[^/]+\.ya?ml\Z")
_OTHER_BUILDERS = ("jib", "buildpacks", "ko", "bazel", "custom")


class ImageLink(NamedTuple):
    """The Dockerfile, the stage of it that is built, and on which rung of the ladder that was found."""

    dockerfile: Dockerfile
    stage: Stage
    rung: str
    why: str

    @property
    def certain(self) -> bool:
        return self.rung in CERTAIN


class Build(NamedTuple):
    """What a file of the repository says about how an image is built; no Dockerfile when it is built without one."""

    reference: ImageReference
    dockerfile: str
    target: str
    rung: str
    path: str


def dockerfile_of(container: Container, project: Project) -> ImageLink | None:
    """The Dockerfile that this container's image is built from; None when nothing tells. Raises `Unresolved`."""
    reference = container.reference
    return built_from(reference, project) if reference else None


def built_from(reference: ImageReference, project: Project) -> ImageLink | None:
    """The Dockerfile that an image of this name is built from; None when nothing tells."""
    key = ("dockerfile_of", reference.registry, reference.repository)
    return project.once(key, lambda project: _climb(reference, project))


def built_by_skaffold(reference: ImageReference, project: Project) -> bool:
    """Whether skaffold builds the image, and therefore writes its tag when it deploys."""
    return any(build.rung == "skaffold" and build.reference.name == reference.name for build in _all_builds(project))


def made_here(reference: ImageReference, project: Project) -> bool:
    """Whether a bare name is that of an image which a script here builds: no registry has it."""
    if reference.registry != "docker.io" or not reference.official or user_of(reference).kind != "unknown":
        return False
    name = re.escape(reference.name[:100])
    tagged = re.compile(rf"(?:-t|--tag|docker_build\()[ =(]{{0,4}}[\"']?(?:[\w.$(){{}}/-]{{0,200}}/)?{name}(?![\w-])")
    return any(tagged.search(text) for _, text in texts(project, reference.name))


def is_built(stage: Stage, project: Project | None) -> bool:
    """Whether the image of a stage is what ships: the last one's, or the target's that the repository builds."""
    if project is None:
        return stage.ships
    wanted = project.once("targets", _targets).get(stage.dockerfile.path)
    if not wanted:
        return stage.ships
    final = stage.dockerfile.final  # also for a target that is not known, or not of this file
    return any(stage is ((stage.dockerfile.target(name) if name else None) or final) for name in wanted)


_FOR_DEVELOPMENT = regex(r"(?:^|[./_-])(?:dev|devel|development|test|tests|ci|local|debug|override|lint)(?:$|[./_-])")


def _targets(project: Project) -> dict[str, set[str]]:
    """The targets by Dockerfile, '' for the last stage: what workflows and skaffold say, else what Compose does."""
    by_rung: dict[bool, dict[str, set[str]]] = {True: defaultdict(set), False: defaultdict(set)}
    for build in (*_all_builds(project), *_commands(project)):
        compose = build.rung == "compose"
        dev = _FOR_DEVELOPMENT.search(build.target.lower()) or (compose and _FOR_DEVELOPMENT.search(build.path.lower()))
        if build.dockerfile and not dev:
            by_rung[not compose][build.dockerfile].add(build.target)
    return {**by_rung[False], **by_rung[True]}


_NO_IMAGE = ImageReference("", "", "", "", "")


def _commands(project: Project) -> Iterator[Build]:
    """`docker build --target name folder` in the workflows."""
    from gatekeeper.models.shell import commands

    for path, job in workflow_jobs(project, "--target"):
        for step in _list(job["steps"]):
            script = written(step["run"])
            for command in commands(_EXPRESSION.sub("$X", script)) if "--target" in script else ():
                yield from _command(command.words, path)


def workflow_jobs(project: Project, word: str = "") -> Iterator[tuple[str, Node]]:
    """The jobs of the workflows that hold a word, as they are written, each with its workflow's path."""
    for path in project.tree.paths:
        if not _WORKFLOW.match(path):
            continue
        try:
            source = project.tree.source(path)
            documents = source.once(yaml.parse).nodes if word in source.text else []
        except Unreadable:
            continue
        for document in documents:
            yield from ((path, job) for _, job in _pairs(document["jobs"]))


def _command(words: tuple[str, ...], path: str) -> Iterator[Build]:
    if words[:2] != ("docker", "build") and words[:3] != ("docker", "buildx", "build"):
        return
    given: dict[str, str] = {}
    for word, following in zip(words, (*words[1:], ""), strict=True):
        name, equals, value = word.partition("=")
        if name in ("--target", "-f", "--file"):
            given[name.replace("--file", "-f")] = value if equals else following
    context = words[-1]
    file = given.get("-f") or posixpath.join(context, "Dockerfile")
    if "$" not in file + given.get("--target", "") and not context.startswith("-"):
        yield Build(_NO_IMAGE, posixpath.normpath(file), given.get("--target", ""), "workflow", path)


def containers_of(dockerfile: Dockerfile, project: Project) -> list[Container]:
    """The containers whose image is built from this Dockerfile."""
    return project.once("containers_of", _containers).get(dockerfile.path, [])


def _containers(project: Project) -> dict[str, list[Container]]:
    table: dict[str, list[Container]] = defaultdict(list)
    for container in project.all(Container):
        link = dockerfile_of(container, project) if container.image.known else None
        if link:
            table[link.dockerfile.path].append(container)
    return table


def _dockerfiles(project: Project) -> list[Dockerfile]:
    model = Subject.registry.get("docker.Dockerfile")  # not there: no Dockerfile was read, and none needs importing
    return cast("list[Dockerfile]", project.all(model)) if model else []


def _climb(reference: ImageReference, project: Project) -> ImageLink | None:
    if not _dockerfiles(project):
        return None
    declared = _declared(reference, project)
    if declared:
        return _one_of(declared, project)
    if user_of(reference).kind != "unknown":
        return None  # a well-known public image: its name is no sign that it is built here
    name = reference.name.lower()
    own = [each for each in _dockerfiles(project) if not _is_base_of(reference, each)]
    exact = [each for each in own if name in _names(each)]
    if exact:
        return _inferred(exact, "exact", "the folder of the Dockerfile has the image's name")
    suffix = [each for each in own if any(name.endswith((f"-{part}", f"_{part}")) for part in _names(each))]
    if suffix:
        return _inferred(suffix, "suffix", "the image's name ends with that of the Dockerfile's folder")
    return _only(reference, own, project)


def _one_of(builds: list[Build], project: Project) -> ImageLink | None:
    paths = {(build.dockerfile, build.target) for build in builds}
    if len(paths) != 1:
        return None
    build = builds[0]
    found = next((each for each in _dockerfiles(project) if each.path == build.dockerfile), None)
    stage = (found.target(build.target) if build.target else found.final) if found else None
    if found is None or stage is None:
        return None
    return ImageLink(found, stage, build.rung, f"{build.path} builds it")


def _inferred(candidates: list[Dockerfile], rung: str, why: str) -> ImageLink | None:
    plain = [each for each in candidates if posixpath.basename(each.path) in ("Dockerfile", "Containerfile")]
    chosen = plain if len(candidates) > 1 else candidates
    if len(chosen) != 1:
        return None
    return ImageLink(chosen[0], chosen[0].final, rung, why)


def _only(reference: ImageReference, own: list[Dockerfile], project: Project) -> ImageLink | None:
    """The one Dockerfile of a repository, at its root, and the one image named like a workload or the service."""
    if len(_dockerfiles(project)) != 1 or len(own) != 1 or own[0].folder:
        return None
    if reference.name != project.settings.service.name and _own_images(project) != {reference.name}:
        return None
    return ImageLink(own[0], own[0].final, "only", "the only Dockerfile here, and the only image named like a workload")


def _own_images(project: Project) -> set[str]:
    def make(project: Project) -> set[str]:
        found = set()
        for container in project.all(Container):
            reference = container.reference if container.image.known else None
            if reference and reference.name == container.workload.object_name and user_of(reference).kind == "unknown":
                found.add(reference.name)
        return found

    return project.once("own_images", make)


def _is_base_of(reference: ImageReference, dockerfile: Dockerfile) -> bool:
    """Whether the Dockerfile starts from that very image: `grafana/Dockerfile` FROM grafana/grafana builds another."""
    base = dockerfile.final.root_image
    return isinstance(base, ImageReference) and (base.registry, base.repository) == (
        reference.registry,
        reference.repository,
    )


def _names(dockerfile: Dockerfile) -> set[str]:
    """The names that a Dockerfile's place gives its image: its folder's, or one in the file's own name."""
    file = posixpath.basename(dockerfile.path)
    own = re.fullmatch(r"(?:Dockerfile|Containerfile)[._-](.+)|(.+)\.(?:dockerfile|containerfile)", file, re.IGNORECASE)
    if own:
        return {(own[1] or own[2]).lower()}
    folders = [part.lower() for part in dockerfile.folder.split("/") if part]
    while len(folders) > 1 and folders[-1] in _NOT_NAMING:
        folders.pop()
    return set(folders[-1:])


def _declared(reference: ImageReference, project: Project) -> list[Build]:
    """What the repository says about an image: of the same repository, else of the same last name, the first rung."""
    builds = _all_builds(project)
    same = [
        b
        for b in builds
        if (b.reference.registry, b.reference.repository) == (reference.registry, reference.repository)
    ]
    named = same or [b for b in builds if b.reference.name == reference.name and _prefixed(b.reference, reference)]
    first = next((rung for rung in ("compose", "skaffold", "workflow") if any(b.rung == rung for b in named)), "")
    return [build for build in named if build.rung == first]


def _prefixed(one: ImageReference, other: ImageReference) -> bool:
    """Whether one of the two is a bare name, to which tools add a registry, or has one that is filled in."""
    return bool(one.official or other.official) or "$" in one.text


def _all_builds(project: Project) -> list[Build]:
    return project.once("builds", lambda project: [*_builds(project)])


def _builds(project: Project) -> Iterator[Build]:
    for path in project.tree.paths:
        name = posixpath.basename(path)
        if COMPOSE.match(name.lower()):
            read = _compose
        elif _SKAFFOLD.match(name):
            read = _skaffold
        elif _WORKFLOW.match(path):
            read = _workflow
        else:
            continue
        try:
            documents = project.tree.source(path).once(yaml.parse).nodes
        except Unreadable:
            continue
        for document in documents:
            yield from read(document, path)


def _compose(document: Node, path: str) -> Iterator[Build]:
    for _, service in _pairs(document["services"]):
        build, image = service["build"], written(service["image"])
        if not build.present or not image or "$" in image:
            continue
        context = written(build["context"] if build.is_mapping else build) or "."
        file, target = written(build["dockerfile"]) or "Dockerfile", written(build["target"])
        yield Build(ImageReference.parse(image), _below(path, context, file), target, "compose", path)


def _skaffold(document: Node, path: str) -> Iterator[Build]:
    main = list(_list(document.at("build.artifacts")))
    known = {written(artifact["image"]) for artifact in main}
    profiles = [each for profile in _list(document["profiles"]) for each in _list(profile.at("build.artifacts"))]
    for artifact in (*main, *(each for each in profiles if written(each["image"]) not in known)):
        image = written(artifact["image"])
        if not image or "$" in image or "{{" in image:
            continue
        docker = artifact["docker"]
        file = _below(path, written(artifact["context"]) or ".", written(docker["dockerfile"]) or "Dockerfile")
        without = any(artifact[builder].present or builder in artifact for builder in _OTHER_BUILDERS)
        yield Build(ImageReference.parse(image), "" if without else file, written(docker["target"]), "skaffold", path)


def _workflow(document: Node, path: str) -> Iterator[Build]:
    for _, job in _pairs(document["jobs"]):
        for step in _list(job["steps"]):
            if not written(step["uses"]).startswith("docker/build-push-action@"):
                continue
            given = step["with"]
            context = written(given["context"]) or "."
            file = written(given["file"]) or posixpath.join(context, "Dockerfile")
            if "${{" in context + file or "://" in context:
                continue
            for tag in re.split(r"[,\s]+", _EXPRESSION.sub("$", _tags(given, job))):
                reference = ImageReference.parse(tag)
                if reference.name and "$" not in reference.name:
                    yield Build(reference, posixpath.normpath(file), written(given["target"]), "workflow", path)


_EXPRESSION = regex(r"\$\{\{[^}]{0,200}\}\}")
_METADATA = regex(r"\$\{\{\s*steps\.([\w-]+)\.outputs\.tags\s*\}\}")


def _tags(given: Node, job: Node) -> str:
    """What a build step pushes: its tags, or the images of the docker/metadata-action step that makes them."""
    tags = written(given["tags"])
    made = _METADATA.search(tags)
    if not made:
        return tags
    return "\n".join(written(step["with"]["images"]) for step in _list(job["steps"]) if written(step["id"]) == made[1])


def _below(path: str, context: str, file: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), context, file))


def _pairs(node: Node) -> Iterable[tuple[str, Node]]:
    return node.items() if node.is_mapping else ()


def _list(node: Node) -> Iterable[Node]:
    return node if node.is_list else ()
