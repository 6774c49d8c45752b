"""What kustomizations change about a workload before it is applied: a base alone is not what runs."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.models.kubernetes import Builds, Container, Kustomization, Object, PatchEntry, Workload, builds, written
from gatekeeper.node import Node, Source, regex
from gatekeeper.parsers import yaml
from gatekeeper.project import Project


class Overlay(NamedTuple):
    """A patch that applies to a workload."""

    entry: PatchEntry
    documents: tuple[Node, ...]

    @property
    def path(self) -> str:
        return self.entry.path or self.entry.node.source.path

    def says(self, field: str, container: str) -> bool:
        """Whether it has the field as a key or in a JSON path; parts about other containers are left aside."""
        return any(field in _words(document, container) for document in self.documents)


def overlaid(subject: Workload | Container, field: str, project: Project) -> Overlay | None:
    """A patch that says something about `field` (`replicas`, `livenessProbe`) here; None when there is none."""
    if isinstance(subject, Container):
        workload, container = subject.workload, subject.container_name
    else:
        workload, container = subject, ""
    return next((overlay for overlay in _overlays(workload, project) if overlay.says(field, container)), None)


def _overlays(workload: Workload, project: Project) -> list[Overlay]:
    def make(project: Project) -> list[Overlay]:
        graph = project.tree.once(builds)
        return [
            Overlay(entry, tuple(documents))
            for folder in sorted(graph.including.get(workload.path, ()))
            for entry, targets, documents in _patches(graph.by_folder[folder], project)
            if any(target(workload) for target in targets)
        ]

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


_Listed = tuple[PatchEntry, list[_Target], list[Node]]


def _patches(kustomization: Kustomization, project: Project) -> list[_Listed]:
    def make(project: Project) -> list[_Listed]:
        found = []
        for entry in kustomization.patches:
            documents = _documents(entry, project)
            found.append((entry, _targets(entry, documents), documents))
        return found

    return project.once(("patches", kustomization.path), make)


def _targets(entry: PatchEntry, documents: list[Node]) -> list[_Target]:
    if entry.target.present:
        kind, name = written(entry.target["kind"]), written(entry.target["name"])
        return [_Target(kind, name, exact=False, anywhere=not kind and not name)]
    named = (document for document in documents if document.is_mapping)
    return [_Target(written(each["kind"]), written(each.at("metadata.name")), exact=True) for each in named]


def _documents(entry: PatchEntry, project: Project) -> list[Node]:
    try:
        if entry.path:
            return project.tree.source(entry.path).once(yaml.parse).nodes if entry.path in project.tree else []
        return yaml.parse(Source(entry.node.source.path, entry.text)).nodes
    except Unreadable:
        return []


_ADDS_ANOTHER = regex(r"/(?:c|initC)ontainers/-\Z")  # a JSON patch that appends a container


def _words(document: Node, container: str) -> set[str]:
    found: set[str] = set()
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if node.is_list:
            waiting.extend(node)
        elif node.is_mapping and not (container and _ADDS_ANOTHER.search(written(node["path"]))):
            found.update(written(node["path"]).split("/"))
            for key, child in node.items():
                found.add(key)
                others = container and child.is_list and key in ("containers", "initContainers")
                waiting.extend([each for each in child if written(each["name"]) == container] if others else [child])
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


def relabelled(each: Object, project: Project) -> bool:
    """Whether a kustomization adds labels to selectors or pods, those of this object among them."""
    graph = project.tree.once(builds)
    return any(graph.by_folder[folder].labels_selectors for folder in graph.including.get(each.path, ()))
