"""Kustomize, as far as it can be told without building: what a kustomization takes in, patches and rewrites."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from gatekeeper.discover import TEST_DATA, VENDORED, Tree, Unreadable
from gatekeeper.models import Subject
from gatekeeper.models.kubernetes.objects import texts
from gatekeeper.models.kubernetes.selector import written
from gatekeeper.node import Node, Source
from gatekeeper.parsers import yaml

FILE_NAMES = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})


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

    @property
    def images(self) -> list[Node]:
        """`images`: what it writes instead of an image's name, tag or digest."""
        return _items(self.node["images"])

    @cached_property
    def labels_selectors(self) -> bool:
        """Whether it adds labels to selectors and pod templates."""
        return bool(texts(self.node["commonLabels"])) or any(
            "true" in (written(entry["includeSelectors"]), written(entry["includeTemplates"]))
            for entry in _items(self.node["labels"])
        )


class Patch(Subject):
    """A fragment that a kustomization merges into an object. It is no object, and is never judged as one."""

    technology = "kubernetes"
    example_path = "patch.yaml"

    @cached_property
    def name(self) -> str:
        return f"{written(self.node['kind'])}/{written(self.node['metadata']['name'])} (patch)"


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
    including = {path: frozenset(_above(users, path, found)) for path in users if path not in found}
    return Builds(found, patch_files, including)


def _above(users: dict[str, set[str]], path: str, found: dict[str, Kustomization]) -> set[str]:
    reached: set[str] = set()
    waiting = [path]
    while waiting:
        for folder in users.get(waiting.pop(), ()):
            if folder not in reached:
                reached.add(folder)
                waiting.append(folder or ".")
    for folder in list(reached):
        _add_components(folder, reached, found)
    return reached


def _add_components(folder: str, reached: set[str], found: dict[str, Kustomization]) -> None:
    """A component works on everything that the kustomization naming it builds."""
    waiting = [folder]
    while waiting:
        each = found[waiting.pop()]
        for entry in _items(each.node["components"]):
            component = each.below(written(entry))
            if component in found and component not in reached:
                reached.add(component)
                waiting.append(component)


def _kustomizations(tree: Tree) -> Iterator[tuple[str, Kustomization]]:
    for path in tree.paths:
        *folders, name = path.split("/")
        if name not in FILE_NAMES or not (TEST_DATA | VENDORED).isdisjoint(folders):
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
