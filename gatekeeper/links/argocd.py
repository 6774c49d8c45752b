"""What Argo CD syncs from here, and where to: which address is this repository's, and what is production.

Which repository this is, its remote `origin` says; without one the folder's name, or that the paths which an address is
used with are here.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from gatekeeper.git import ask, origin_of, owner_and_name
from gatekeeper.models.kubernetes import Application, ApplicationSet, written
from gatekeeper.models.kubernetes.argocd import GROUP, AppSource, generators
from gatekeeper.models.pipeline.environments import Class, classify, tokens
from gatekeeper.node import Node, Unresolved
from gatekeeper.project import Project

# Which repository this is


class Ours(Enum):
    """Whether an address is this repository's. LIKELY: by the folder's name, or by the paths that are here."""

    YES = "yes"
    LIKELY = "likely"
    NO = "no"
    UNKNOWN = "unknown"

    @property
    def here(self) -> bool:
        return self in (Ours.YES, Ours.LIKELY)


def ours(repository: Node, project: Project) -> Ours:
    """Whether an address is this repository's. Raises `Unresolved`."""
    key = owner_and_name(repository.text.strip())
    if not key:
        return Ours.UNKNOWN
    origin, below = project.once("where argocd looks", _origin)
    if origin and (key == origin or not below):
        return Ours.YES if key == origin else Ours.NO
    known: frozenset[str] = project.once("addresses of this repository", _likely)
    if key in known:
        return Ours.LIKELY
    return Ours.NO if known else Ours.UNKNOWN


def _origin(project: Project) -> tuple[str, str]:
    """The remote as owner/name, and which folder of its repository is judged ('' for all of it)."""
    origin = owner_and_name(origin_of(project.tree.root))
    below = (ask(project.tree.root, "rev-parse", "--show-prefix") or b"").decode("utf-8", "replace").strip()
    return origin, below.strip("/")


def _likely(project: Project) -> frozenset[str]:
    folder = project.tree.root.name.lower()
    here: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for key, path in _literal(project):
        asked[key] += 1
        here[key] += project.tree.exists(path)
    named = {key for key in {*asked, *_addresses(project)} if _called(folder, key)}
    found = {key for key, count in here.items() if count > 1 and count * 2 >= asked[key]}
    return frozenset(named or found)


def _addresses(project: Project) -> Iterator[str]:
    """Every address of git that an Application or a generator names, whatever path it is used with."""
    nodes = [each.spec[field] for each in project.all(Application) for field in ("source", "sources", "sourceHydrator")]
    nodes += [body["repoURL"] for one in project.all(ApplicationSet) for body in generators(one.spec["generators"])]
    for node in nodes:
        for each in node.walk():
            key = owner_and_name(each.text.strip()) if each.known and each.text.startswith(_GIT) else ""
            if key:
                yield key


_GIT = ("https://", "http://", "git@", "ssh://")


def _called(folder: str, key: str) -> bool:
    """Whether a folder is called like a repository: `shop`, `shop-main`, `acme+shop`."""
    owner, _, name = key.partition("/")
    return folder in (name, f"{name}-main", f"{name}-master", f"{owner}-{name}", f"{owner}+{name}", f"{owner}_{name}")


def _literal(project: Project) -> Iterator[tuple[str, str]]:
    """Every address of git and path that an Application writes out; each of them once."""
    seen = set()
    for each in project.all(Application):
        try:
            sources = [(owner_and_name(one.repository.text), one.path) for one in each.sources if not one.chart.present]
        except Unresolved:
            continue
        for key, path in sources:
            clean = place_of(path) if path.known else None
            if key and clean and (key, clean) not in seen:
                seen.add((key, clean))
                yield key, clean


def place_of(path: Node) -> str | None:
    """The folder that a source's path names, from the root of its repository ('' for the root); None when it leads
    outside. Raises `Unresolved`."""
    clean = posixpath.normpath(f"/{path.text.strip()}").strip("/") if path.present else ""
    return None if path.text.strip().startswith("..") else clean


def here(source: AppSource, project: Project) -> str | None:
    """The folder of this repository that a source syncs; None for a chart or another one. Raises `Unresolved`."""
    if source.chart.present or not (source.path.present or not source.ref.present):
        return None
    if not ours(source.repository, project).here:
        return None
    return in_tree(place_of(source.path), project)


def in_tree(path: str | None, project: Project) -> str | None:
    """A path of the repository as one below the folder that is judged; None when it lies beside it."""
    _, below = project.once("where argocd looks", _origin)
    if path is None or not below or not ours_is_origin(project):
        return path
    return path[len(below) :].strip("/") if f"{path}/".startswith(f"{below}/") else None


def ours_is_origin(project: Project) -> bool:
    """Whether the repository around the folder that is judged is what the Applications name."""
    origin, _ = project.once("where argocd looks", _origin)
    return bool(origin) and any(key == origin for key, _ in project.once("argocd literal", lambda p: [*_literal(p)]))


# Where to


class Production(NamedTuple):
    """Why an Application is held to be production. Not `certain`: nothing says where it is, and none here says more."""

    certain: bool
    why: str


_LABELS = ("environment", "env", "stage", "tier", "app.kubernetes.io/environment")
_FOLDERS = frozenset("overlays environments envs stages clusters env environment".split())


def production_app(each: Application, project: Project) -> Production | None:
    """Why an Application is held to be production; None for one that is not. Raises `Unresolved`."""
    if each.parameters and each.parameters.preview:
        return None
    said = _said(each, project)
    if said:
        return Production(True, said[1]) if said[0] is Class.PROD else None
    if project.once("some application is production", _some) or _of_applications(each, project):
        return None
    return Production(False, "nothing says which environment it is (`environments` in gatekeeper.yaml may)")


def _of_applications(each: Application, project: Project) -> bool:
    """Whether all that it syncs from here are Applications of its own: those say where they go."""
    from gatekeeper.links.argocd_files import objects_of

    made = objects_of(each, project)
    return bool(made) and all(one.group == GROUP for one in made)


def _some(project: Project) -> bool:
    from gatekeeper.links.argocd_sets import every

    for each in every(project):
        try:
            said = _said(each, project)
        except Unresolved:
            continue
        if said and said[0] is Class.PROD:
            return True
    return False


def _said(each: Application, project: Project) -> tuple[Class, str] | None:
    """The first thing that says which environment it is, in words. Raises `Unresolved` where it may yet be said."""
    open_: Unresolved | None = None
    for words, node, place in _signs(each):
        try:
            text = node.text if isinstance(node, Node) else node
        except Unresolved as unresolved:
            open_ = open_ or unresolved
            continue
        cls = _configured(text, project) or _class(text, place)
        if cls in (Class.PROD, Class.NONPROD, Class.EPHEMERAL):
            return cls, f"{words} {text}"
    if open_:
        raise open_
    return None


def _configured(text: str, project: Project) -> Class | None:
    """What the settings say about a name, or one of its words."""
    told = project.settings.environments
    words = {text.lower(), *tokens(text)} if told.production or told.nonproduction else set()
    if words & {word.lower() for word in told.nonproduction}:
        return Class.NONPROD
    return Class.PROD if words & {word.lower() for word in told.production} else None


def _class(text: str, place: bool) -> Class:
    return _class_of_path(text) if "/" in text and "://" not in text else classify(text, place=place)


def _signs(each: Application) -> Iterator[tuple[str, Node | str, bool]]:
    destination = each.destination
    yield from ((f"destination {field}", destination[field], True) for field in ("name", "namespace", "server"))
    labels = each.metadata["labels"]
    yield from ((f"label {label}", labels[label], True) for label in _LABELS if labels[label].present)
    for value in each.parameters.cluster if each.parameters else ():
        yield "cluster label", value, True
    yield "project", each.project, False
    yield from _source_signs(each)
    yield "name", each.metadata["name"], False
    yield "file", each.path, False


def _source_signs(each: Application) -> Iterator[tuple[str, Node | str, bool]]:
    try:
        sources = each.sources
    except Unresolved as unresolved:
        yield "source", unresolved.node, False
        return
    for source in sources:
        if not source.chart.present:
            yield "path", source.path, False
            yield "revision", source.revision, False
        yield from (("value file", posixpath.basename(written(file)), False) for file in source.value_files)


def _class_of_path(path: str) -> Class:
    """The class that the folders of a path say, the innermost first; below `overlays/` any name is an environment's."""
    steps = path.split("/")
    for number in range(len(steps) - 1, -1, -1):
        above = steps[number - 1].lower() if number else ""
        cls = classify(steps[number].rpartition(".")[0] or steps[number], place=above in _FOLDERS)
        if cls in (Class.PROD, Class.NONPROD, Class.EPHEMERAL):
            return cls
    return Class.UNKNOWN
