"""Kustomize, as far as it can be told without building: what a kustomization takes in, patches and rewrites."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from gatekeeper.discover import TEST_DATA, VENDORED, Tree, Unreadable
from gatekeeper.models import Subject
from gatekeeper.models.files import KUSTOMIZATIONS
from gatekeeper.models.kubernetes.selector import written
from gatekeeper.node import Node, Source
from gatekeeper.parsers import yaml


class PatchEntry(NamedTuple):
    """One patch a kustomization lists: the file it names, or its text, and the `target` it is meant for."""

    path: str
    text: str
    target: Node
    node: Node


class Kustomization(Subject):
    """A kustomization.yaml (not Flux's object of that name)."""

    technology = "kubernetes"
    example_path = "kustomization.yaml"

    @cached_property
    def folder(self) -> str:
        return posixpath.dirname(self.path)

    def below(self, path: str) -> str:
        """A path as written in the kustomization, from the repository's root; `..` in front when it leads outside."""
        return posixpath.normpath(posixpath.join(self.folder, path)).removeprefix("./")

    @cached_property
    def resources(self) -> list[Node]:
        """`resources`, and the `bases` and `components` taken in beside them."""
        return [entry for field in ("resources", "bases", "components") for entry in _items(self.node[field])]

    @cached_property
    def patches(self) -> list[PatchEntry]:
        return [*self._patches()]

    def _patches(self) -> Iterator[PatchEntry]:
        for entry in _items(self.node["patchesStrategicMerge"]):
            text = written(entry)
            inline = "\n" in text.strip()
            yield PatchEntry("" if inline else self.below(text), text if inline else "", entry["target"], entry)
        for field in ("patches", "patchesJson6902"):
            for entry in _items(self.node[field]):
                path = written(entry["path"])
                yield PatchEntry(self.below(path) if path else "", written(entry["patch"]), entry["target"], entry)


class Patch(Subject):
    """A fragment that a kustomization merges into an object. It is no object, and is never judged as one."""

    technology = "kubernetes"
    example_path = "patch.yaml"

    @cached_property
    def name(self) -> str:
        return f"{written(self.node['kind'])}/{written(self.node['metadata']['name'])} (patch)"


_STEPS = 200_000


class Builds(NamedTuple):
    """Every kustomization by its folder, the files listed as patches, and which kustomizations take in which file."""

    by_folder: dict[str, Kustomization]
    patch_files: frozenset[str]
    including: dict[str, frozenset[str]]  # file -> folders of the kustomizations that build it, also through others


def builds(tree: Tree) -> Builds:
    """What the repository's kustomizations say. Ask through `tree.once(builds)`."""
    found = dict(_kustomizations(tree))
    patch_files = frozenset(entry.path for each in found.values() for entry in each.patches if entry.path)
    users: dict[str, set[str]] = {}  # folder or file -> folders of the kustomizations that name it
    for folder, each in found.items():
        for entry in each.resources:
            users.setdefault(each.below(written(entry)), set()).add(folder)
    graph = _Graph(users, {folder: _components(each, found) for folder, each in found.items()})
    including = {path: frozenset(graph.above(path)) for path in users if path not in found}
    return Builds(found, patch_files, including)


def _components(each: Kustomization, found: dict[str, Kustomization]) -> list[str]:
    return [path for entry in _items(each.node["components"]) if (path := each.below(written(entry))) in found]


class _Graph:
    """Which kustomizations take in what.

    It is walked for every file, so all walks together are bounded: nobody wrote thousands of kustomizations in a ring,
    and of the files beyond that only the direct users are known.
    """

    def __init__(self, users: dict[str, set[str]], components: dict[str, list[str]]) -> None:
        self.users = users
        self.components = components
        self.left = _STEPS

    def above(self, path: str) -> set[str]:
        reached: set[str] = set()
        self._walk([path], reached, lambda at: self.users.get(at or ".", ()))
        # A component works on everything that the kustomization naming it builds.
        self._walk(list(reached), reached, lambda at: self.components.get(at, ()))
        return reached

    def _walk(self, waiting: list[str], reached: set[str], following: Callable[[str], Iterable[str]]) -> None:
        while waiting:
            for folder in following(waiting.pop()):
                if folder not in reached:
                    reached.add(folder)
                    self.left -= 1
                    if self.left > 0:
                        waiting.append(folder)


def _kustomizations(tree: Tree) -> Iterator[tuple[str, Kustomization]]:
    for path in tree.paths:
        *folders, name = path.split("/")
        if name not in KUSTOMIZATIONS or not (TEST_DATA | VENDORED).isdisjoint(folders):
            continue
        source: Source = tree.source(path)
        try:
            nodes = source.once(yaml.parse).nodes
        except Unreadable:
            continue
        if nodes and nodes[0].is_mapping:
            yield posixpath.dirname(path), Kustomization(nodes[0])


def _items(node: Node) -> list[Node]:
    return list(node) if node.is_list else []
