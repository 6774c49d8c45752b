"""What kustomizations change about a workload before it is applied: a base alone is not what runs."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.models.kubernetes import Builds, Container, Kustomization, PatchEntry, Workload, builds, written
from gatekeeper.node import Node, Source
from gatekeeper.parsers import yaml
from gatekeeper.project import Project


class Overlay(NamedTuple):
    """A patch that applies to a workload, and every word that stands in it as a key or in a JSON path."""

    entry: PatchEntry
    words: frozenset[str]

    @property
    def path(self) -> str:
        return self.entry.path or self.entry.node.source.path


def overlaid(workload: Workload, field: str, project: Project) -> Overlay | None:
    """A patch that says something about `field` (`livenessProbe`, `replicas`) of this workload; None when there is none."""
    return next((overlay for overlay in _overlays(workload, project) if field in overlay.words), None)


def _overlays(workload: Workload, project: Project) -> list[Overlay]:
    def make(project: Project) -> list[Overlay]:
        graph = project.tree.once(builds)
        found = []
        for folder in sorted(graph.including.get(workload.path, ())):
            for entry, targets, words in project.once(
                ("patches", folder), lambda p: _patches(graph.by_folder[folder], p)
            ):
                if any(target(workload) for target in targets):
                    found.append(Overlay(entry, words))
        return found

    return project.once(("overlays", id(workload)), make)


class _Target(NamedTuple):
    kind: str
    name: str
    exact: bool  # strategic merge patches name their object, `target` holds expressions
    anywhere: bool = False  # a target by labels alone

    def __call__(self, workload: Workload) -> bool:
        if self.anywhere:
            return True
        if self.kind and self.kind != workload.kind:
            return False
        if self.exact or not self.name:
            return not self.name or self.name == workload.object_name
        return _matches(self.name, workload.object_name)


def _matches(pattern: str, name: str) -> bool:
    """A target's name as Kustomize takes it: anchored. Only the usual forms, so that no pattern can run wild."""
    if re.fullmatch(r"[\w-]+", pattern):
        return pattern == name
    simple = re.fullmatch(r"\^?([\w-]*)(\.\*)?([\w-]*)\$?", pattern)
    if simple:
        front, any_text, back = simple.groups()
        return name.startswith(front) and name.endswith(back) if any_text else name == front + back
    return True


def _patches(kustomization: Kustomization, project: Project) -> list[tuple[PatchEntry, list[_Target], frozenset[str]]]:
    found = []
    for entry in kustomization.patches:
        documents = _documents(entry, project)
        words = frozenset(word for node in documents for word in _words(node))
        if entry.target.present:
            kind, name = written(entry.target["kind"]), written(entry.target["name"])
            targets = [_Target(kind, name, exact=False, anywhere=not kind and not name)]
        else:
            targets = [
                _Target(written(n["kind"]), written(n.at("metadata.name")), exact=True)
                for n in documents
                if n.is_mapping
            ]
        found.append((entry, targets, words))
    return found


def _documents(entry: PatchEntry, project: Project) -> list[Node]:
    try:
        if entry.path:
            return project.tree.source(entry.path).once(yaml.parse).nodes if entry.path in project.tree else []
        return yaml.parse(Source(entry.node.source.path, entry.text)).nodes
    except Unreadable:
        return []


def _words(node: Node) -> set[str]:
    found: set[str] = set()
    for inner in node.walk():
        if inner.is_mapping:
            found.update(key for key, _ in inner.items())
            found.update(written(inner["path"]).split("/"))
    return found


class Rewrite(NamedTuple):
    """What kustomizations write in place of an image: their entries, and whether every build of it has one."""

    entries: tuple[Node, ...]
    everywhere: bool


def rewritten(container: Container, project: Project) -> Rewrite | None:
    """The `images` entries that apply to a container's image; None when there is none. Raises `Unresolved`."""
    reference = container.reference
    if reference is None:
        return None
    graph = project.tree.once(builds)
    including = graph.including.get(container.path, frozenset())
    name = written(container.image).partition("@")[0]
    by_folder: dict[str, list[Node]] = defaultdict(list)
    for folder in sorted(including):
        for entry in graph.by_folder[folder].images:
            wanted = written(entry["name"])
            if wanted and (name == wanted or name.rpartition(":")[0] == wanted):
                by_folder[folder].append(entry)
    if not by_folder:
        return None
    tops = [folder for folder in including if not _used(folder, including, graph)]
    everywhere = all(_below(top, graph) & by_folder.keys() for top in tops)
    return Rewrite(tuple(entry for entries in by_folder.values() for entry in entries), everywhere)


def _used(folder: str, including: frozenset[str], graph: Builds) -> bool:
    return any(folder in _named(graph.by_folder[other], graph) for other in including if other != folder)


def _named(kustomization: Kustomization, graph: Builds) -> set[str]:
    paths = (kustomization.below(written(entry)) for entry in kustomization.resources)
    return {folder for path in paths if (folder := "" if path == "." else path) in graph.by_folder}


def _below(top: str, graph: Builds) -> set[str]:
    reached = {top}
    waiting = [top]
    while waiting:
        for folder in _named(graph.by_folder[waiting.pop()], graph) - reached:
            reached.add(folder)
            waiting.append(folder)
    return reached


def rescaled(workload: Workload, project: Project) -> Kustomization | None:
    """A kustomization whose `replicas` counts this workload."""
    graph = project.tree.once(builds)
    for folder in sorted(graph.including.get(workload.path, ())):
        counts = graph.by_folder[folder].node["replicas"]
        if any(written(entry["name"]) == workload.object_name for entry in (counts if counts.is_list else ())):
            return graph.by_folder[folder]
    return None


def relabelled(workload: Workload, project: Project) -> bool:
    """Whether a kustomization adds labels to its selector and its pods."""
    graph = project.tree.once(builds)
    return any(graph.by_folder[folder].labels_selectors for folder in graph.including.get(workload.path, ()))
