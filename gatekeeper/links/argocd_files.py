"""Which files of this repository an Application syncs, and which Applications sync a file.

How a folder is read, its files say: a chart, a kustomization, else every manifest in it.
https://argo-cd.readthedocs.io/en/stable/user-guide/tool_detection/
"""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from gatekeeper.links.argocd import Ours, here, in_tree, ours, place_of
from gatekeeper.links.argocd_projects import cluster
from gatekeeper.links.argocd_sets import every, made_by
from gatekeeper.models.files import KUSTOMIZATIONS
from gatekeeper.models.kubernetes import Application, Object, builds, written
from gatekeeper.models.kubernetes.argocd import GROUP, AppSource, Tracked, tracked
from gatekeeper.node import Node, Unresolved
from gatekeeper.project import Project

_ENDINGS = (".yaml", ".yml", ".json")


class Synced(NamedTuple):
    """What one source syncs: its folder here, how it is read (helm, kustomize, directory, plugin), and which files."""

    folder: str
    tool: str
    files: frozenset[str]


def synced(source: AppSource, project: Project) -> Synced | None:
    """The files that a source syncs; None where it is not of this repository. Raises `Unresolved`."""
    folder = here(source, project)
    if folder is None or (source.ref.present and not source.path.present):
        return None
    tool = _tool(source, folder, project)
    if tool == "directory":
        return Synced(folder, tool, frozenset(_of_directory(source, folder, project)))
    files: frozenset[str] = project.once(("files of", folder, tool), lambda p: frozenset(_below(folder, tool, p)))
    return Synced(folder, tool, files)


def _tool(source: AppSource, folder: str, project: Project) -> str:
    told = next((name for name in ("directory", "helm", "kustomize", "plugin") if source.node[name].present), "")
    if told and not (told == "directory" and not source.node["directory"].is_mapping):
        return told
    if _join(folder, "Chart.yaml") in project.tree:
        return "helm"
    return "kustomize" if any(_join(folder, name) in project.tree for name in KUSTOMIZATIONS) else "directory"


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _in(folder: str, project: Project) -> Iterator[str]:
    """Every file below a folder: they stand together, for the paths are sorted."""
    paths, prefix = project.tree.paths, f"{folder}/" if folder else ""
    for at in range(bisect_left(paths, prefix), len(paths)):
        if not paths[at].startswith(prefix):
            return
        yield paths[at]


def _of_directory(source: AppSource, folder: str, project: Project) -> Iterator[str]:
    options = source.node["directory"]
    deep = options["recurse"].text == "true"
    include, exclude = (_globs(options[field].text) for field in ("include", "exclude"))
    for path in _in(folder, project):
        name = path[len(folder) :].lstrip("/")
        if not name.endswith(_ENDINGS) or (not deep and "/" in name):
            continue
        if (not include or _any(include, name)) and not _any(exclude, name):
            yield path


def _globs(text: str) -> list[str]:
    """The patterns of `{*.yaml,*.yml}` or of a single glob."""
    return [each.strip() for each in text.strip("{}").split(",")] if text else []


def _any(patterns: list[str], name: str) -> bool:
    return any(fnmatchcase(name, each) or fnmatchcase(posixpath.basename(name), each) for each in patterns)


def _below(folder: str, tool: str, project: Project) -> Iterator[str]:
    """Everything below the folder, and what its kustomizations take in from elsewhere."""
    yield from _in(folder, project)
    for path in _taken_in(folder, project) if tool == "kustomize" else ():
        if path in project.tree:
            yield path
        else:
            yield from _in(path, project)


def _taken_in(folder: str, project: Project) -> Iterator[str]:
    """The files and folders that a kustomization takes in, and what those take in."""
    known = project.tree.once(builds).by_folder
    waiting, seen = [folder], {folder}
    while waiting and len(seen) < 1000:
        each = known.get(waiting.pop())
        for entry in each.resources if each else ():
            path = each.below(written(entry)) if each else ""
            yield path
            if path in known and path not in seen:
                seen.add(path)
                waiting.append(path)


class Covered(NamedTuple):
    """Which Applications sync a file, by its path; `open` is one of which that is not known."""

    by_file: dict[str, list[Application]]
    folders: dict[str, list[Application]]
    open: Application | None


def covered(project: Project) -> Covered:
    """What all Applications of the repository sync of it; made once."""
    return project.once("synced by argocd", _covered)


def _covered(project: Project) -> Covered:
    by_file: dict[str, list[Application]] = {}
    folders: dict[str, list[Application]] = {}
    open_: Application | None = None
    for each in every(project):
        try:
            found = [one for source in each.sources if (one := synced(source, project))]
        except Unresolved:
            open_ = open_ or each
            continue
        for one in found:
            folders.setdefault(one.folder, []).append(each)
            for path in one.files:
                by_file.setdefault(path, []).append(each)
    sets = (each for each in project.all(Application) if each.made)
    open_ = open_ or next((each for each in sets if not made_by(each, project).whole), None)
    return Covered(by_file, folders, open_)


def objects_of(each: Application, project: Project) -> list[Object]:
    """The objects that an Application syncs from here, those that a build or a chart makes too. Raises `Unresolved`."""
    by_path: dict[str, list[Object]] = project.by(Object, "path")
    found = [one for source in each.sources if (one := synced(source, project))]
    return [
        made
        for one in found
        for path in sorted(one.files)
        for made in by_path.get(path, ())
        if _of_build(made, one)
    ]  # fmt: skip


def _of_build(made: Object, one: Synced) -> bool:
    """Whether an object is as this source makes it, not as another build of the same file."""
    if not made.variant or made.variant == (one.folder or "."):
        return True
    return not f"{made.variant}/".startswith(f"{one.folder}/")


class Named(NamedTuple):
    """A file of values that a source names: what is wrong with it, or what is not known of it; else both are ''."""

    node: Node
    path: str = ""
    trouble: str = ""
    doubt: str = ""


def values_named(each: Application, source: AppSource, project: Project) -> Iterator[Named]:
    """The files of values that a source names, as far as they are this repository's. Raises `Unresolved`."""
    listed = source.node["helm"]["valueFiles"]
    optional = source.node["helm"]["ignoreMissingValueFiles"].text == "true"
    for node in listed if listed.is_list and not optional else ():
        if "://" not in node.text and not any(mark in node.text for mark in "*?["):
            yield from _named(node, each, source, project)


def _named(node: Node, each: Application, source: AppSource, project: Project) -> Iterator[Named]:
    text = node.text.strip()
    base = source
    if text.startswith("$"):
        ref, _, rest = text[1:].partition("/")
        found = next((one for one in each.sources if one.ref.present and one.ref.text == ref), None)
        if found is None:
            words = "" if ref.isupper() else f"no source has the ref {ref}"
            yield Named(node, trouble=words, doubt=f"${ref} is not known here")
            return
        base, path = found, posixpath.normpath(rest)
    elif source.chart.present:
        return  # a file of the chart
    else:
        path = posixpath.normpath(posixpath.join(f"/{place_of(source.path) or ''}", text)).lstrip("/")
    yield from _looked_up(node, path, base, project)


def _looked_up(node: Node, path: str, base: AppSource, project: Project) -> Iterator[Named]:
    answer = ours(base.repository, project)
    if answer is Ours.UNKNOWN:
        yield Named(node, doubt=f"whether {base.repository.text} is this repository is not known")
    elif answer.here:
        inside = in_tree(path, project)
        if inside is None or inside in project.tree:
            yield Named(node, inside or "")
        elif tracked(base) is Tracked.TRUNK:
            yield Named(node, trouble=f"there is no {path} here: the chart is not rendered")
        else:
            yield Named(node, doubt=f"there is no {path} here, but perhaps in {base.revision.text}")


# Two that sync the same


def shared_with(each: Application, project: Project) -> list[tuple[Application, str]]:
    """The Applications behind this one that sync a manifest of it to the same place, each with the first file.

    Raises `Unresolved`.
    """
    mine = _manifests(each, project)
    where = _place(each)
    found: dict[int, tuple[Application, str]] = {}
    for path in sorted(mine):
        for other in covered(project).by_file.get(path, ()):
            if id(other) in found or not _after(other, each):
                continue
            try:
                if _place(other) == where and path in _manifests(other, project):
                    found[id(other)] = (other, path)
            except Unresolved:
                continue
    return list(found.values())[:3]


def _after(other: Application, each: Application) -> bool:
    """Whether two are different Applications, and the other's name comes later: a pair is told of once."""
    return other.object_name > each.object_name


def _place(each: Application) -> tuple[str, ...]:
    """The cluster and the namespace it goes to, and the revision. Raises `Unresolved`."""
    name, server = cluster(each.destination)
    return (name or server, each.destination["namespace"].text, *sorted(one.revision.text for one in each.sources))


def _manifests(each: Application, project: Project) -> frozenset[str]:
    """The files with objects in them that it syncs as they are, or by a kustomization without options of its own."""
    return project.once(("manifests", id(each)), lambda project: frozenset(_all_manifests(each, project)))


def _all_manifests(each: Application, project: Project) -> Iterator[str]:
    named: dict[str, list[Object]] = project.by(Object, "path")
    for source in each.sources:
        one = synced(source, project)
        if one and one.tool == "directory":
            yield from (path for path in one.files if path in named)
        elif one and one.tool == "kustomize" and not source.node["kustomize"].present:
            yield from (path for path in _taken_in(one.folder, project) if path in named)


# What none syncs


class Beside(NamedTuple):
    """A folder beside those that Applications sync: whether one syncs it too, and whether this object is its first."""

    folder: str
    neighbour: Application
    orphan: bool
    first: bool


def beside(each: Object, project: Project) -> Beside | None:
    """The folder of an object among those that Applications sync; None where they do not sync what is beside it."""
    if each.group == GROUP and each.kind in ("Application", "ApplicationSet", "AppProject"):
        return None
    parents: dict[str, list[tuple[str, Application]]] = project.once("parents of synced folders", _parents)
    steps = posixpath.dirname(each.path).split("/")
    for depth in range(len(steps) - 1, -1, -1):
        above = "/".join(steps[:depth])
        known = parents.get(above)
        if known and depth < len(steps):
            folder = "/".join(steps[: depth + 1])
            if each.path in covered(project).by_file:
                return Beside(folder, known[0][1], orphan=False, first=False)
            return _orphan(each, folder, above, known, project)
    return None


def _orphan(
    each: Object, folder: str, above: str, known: list[tuple[str, Application]], project: Project
) -> Beside | None:
    siblings: dict[str, Object] = project.once("folders with objects", _holding).get(above, {})
    names = frozenset(name for name, _ in known)
    left = project.once(("left out", folder), lambda project: _left_out(folder, names, frozenset(siblings), project))
    return Beside(folder, known[0][1], orphan=True, first=siblings.get(folder) is each) if left else None


def _left_out(folder: str, names: frozenset[str], siblings: frozenset[str], project: Project) -> bool:
    """Whether a folder was forgotten: Applications sync most of those beside it, and nothing else takes it in."""
    if folder in names or len(names) < 2 or len(names & siblings) * 2 <= len(siblings):
        return False
    if any(one.path.startswith(f"{folder}/") for one in project.all(Application)):
        return False  # where Applications are written, somebody begins by hand
    inside = (path for path in project.tree.once(builds).including if path.startswith(f"{folder}/"))
    return not any(_taken(path, project) for path in inside)


def _taken(path: str, project: Project) -> bool:
    folder = posixpath.dirname(path)
    return any(not f"{by}/".startswith(f"{folder}/") for by in project.tree.once(builds).including[path])


def _parents(project: Project) -> dict[str, list[tuple[str, Application]]]:
    found: dict[str, list[tuple[str, Application]]] = {}
    for folder, applications in covered(project).folders.items():
        if folder:
            found.setdefault(posixpath.dirname(folder), []).append((folder, applications[0]))
    return {parent: known for parent, known in found.items() if len({name for name, _ in known}) > 1}


def _holding(project: Project) -> dict[str, dict[str, Object]]:
    """The folders with objects in or below them by the folder above, each with its first object."""
    found: dict[str, dict[str, Object]] = {}
    for each in project.all(Object):
        folder = posixpath.dirname(each.path)
        while folder:
            above = posixpath.dirname(folder)
            found.setdefault(above, {}).setdefault(folder, each)
            folder = above
    return found
