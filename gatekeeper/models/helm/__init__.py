"""Charts of Helm: what a Chart.yaml says, and the values and the lock beside it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from gatekeeper.discover import Tree, Unreadable
from gatekeeper.models import Subject
from gatekeeper.models.kubernetes.selector import written
from gatekeeper.node import START, Fault, Node, Source
from gatekeeper.parsers import yaml

FILE_NAME = "Chart.yaml"


class Switch(NamedTuple):
    """A value of a chart with its key, and the mapping that it stands in."""

    key: str
    value: Node
    beside: Node
    path: tuple[str, ...]  # the keys that lead to that mapping

    @property
    def within(self) -> str:
        return self.path[-1] if self.path else ""


class Dependency(NamedTuple):
    """An entry of `dependencies`: the chart's name, its version or range of versions, and where it comes from."""

    name: str
    version: str
    repository: str
    alias: str
    node: Node

    @property
    def local(self) -> str:
        """The folder that it names, as written from the chart's own; '' for one that is fetched or is in charts/."""
        return self.repository.removeprefix("file://") if self.repository.startswith("file://") else ""


class Render(NamedTuple):
    """What a chart was rendered to: `by` whom, with which `values`, which `templates` made something and which made
    nothing (`silent`). With a `trouble` (a reason of UNKNOWN, and words) it was not rendered."""

    by: str = ""
    values: str = ""
    templates: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    trouble: tuple[str, str] | None = None


class Chart(Subject):
    """A chart, by its Chart.yaml. `render` is None as long as nobody rendered it."""

    technology = "helm"
    example_path = "chart/Chart.yaml"

    def __init__(self, node: Node, tree: Tree) -> None:
        super().__init__(node)
        self._tree = tree
        self.render: Render | None = None

    @cached_property
    def folder(self) -> str:
        return posixpath.dirname(self.path)

    @cached_property
    def chart_name(self) -> str:
        return written(self.node["name"])

    @property
    def name(self) -> str:
        return f"chart/{self.chart_name or '(unnamed)'}"

    @property
    def rendered(self) -> bool:
        """Whether what it makes is here to be judged."""
        return self.render is not None and self.render.trouble is None

    @property
    def library(self) -> bool:
        """Whether it only defines what other charts include."""
        return written(self.node["type"]) == "library"

    @cached_property
    def part_of(self) -> str:
        """The folder of the chart that has this one in its `charts/`; None is not ''."""
        return parent_of(self.folder, self._tree) or ""

    @property
    def is_part(self) -> bool:
        return parent_of(self.folder, self._tree) is not None

    @cached_property
    def dependencies(self) -> list[Dependency]:
        """Those of Chart.yaml; of a chart of Helm 2 those of requirements.yaml."""
        listed = self.node["dependencies"]
        if not listed.present and written(self.node["apiVersion"]) != "v2":
            beside = self.beside("requirements.yaml")
            listed = beside["dependencies"] if beside is not None else listed
        return [
            Dependency(
                written(each["name"]),
                written(each["version"]),
                written(each["repository"]),
                written(each["alias"]),
                each,
            )
            for each in (listed if listed.is_list else ())
            if each.is_mapping
        ]

    @cached_property
    def lock(self) -> Node | None:
        """Chart.lock (of Helm 2: requirements.lock); None without one."""
        found = self.beside("Chart.lock")
        return self.beside("requirements.lock") if found is None else found

    @cached_property
    def values(self) -> Node | None:
        """The mapping of values.yaml; None when it has none or that cannot be read."""
        return self.beside("values.yaml")

    @cached_property
    def value_files(self) -> list[Node]:
        """The mappings of every `values*.yaml` that stands beside Chart.yaml, the chart's own first."""
        found = []
        for path in self._tree.paths:
            folder, _, name = path.rpartition("/")
            stem, _, ending = name.rpartition(".")
            if folder == self.folder and ending in ("yaml", "yml") and "values" in stem.lower():
                node = self.beside(name)
                if node is not None and not node["sops"].present:
                    found.append(node)
        return sorted(found, key=lambda node: node.source.path.rpartition("/")[2] != "values.yaml")

    @cached_property
    def needs_rendering(self) -> bool:
        """Whether it makes something that cannot be read as it stands: of templates, or of charts that it fetches."""
        prefix = posixpath.join(self.folder, "templates") + "/"
        return any(not is_here(each, self, self._tree) for each in self.dependencies) or any(
            "{{" in written_in(self._tree, path)
            for path in self._tree.paths
            if path.startswith(prefix) and path.endswith((".yaml", ".yml", ".json", ".tpl"))
        )

    def beside(self, name: str) -> Node | None:
        """The mapping that a file of the chart's folder holds; None when there is none."""
        path = posixpath.join(self.folder, name)
        if path not in self._tree:
            return None
        try:
            nodes = self._tree.source(path).once(yaml.parse).nodes
        except Unreadable:
            return None
        return nodes[0] if nodes and nodes[0].is_mapping else None

    def has(self, name: str) -> bool:
        return posixpath.join(self.folder, name) in self._tree


def parent_of(folder: str, tree: Tree) -> str | None:
    """The folder of the chart that a chart's folder is a part of (`app` of `app/charts/db`); None when it is none's."""
    steps = folder.split("/")
    for depth in range(len(steps) - 1):
        if steps[depth] == "charts":
            above = "/".join(steps[:depth])
            if (f"{above}/{FILE_NAME}" if above else FILE_NAME) in tree:
                return above
    return None


def switches(values: Node) -> Iterator[Switch]:
    """Every value of a mapping of values that counts: what an `enabled: false` switches off is left out."""
    waiting: list[tuple[tuple[str, ...], Node]] = [((), values)]
    while waiting:
        path, node = waiting.pop()
        if node.is_list:
            waiting.extend((path, item) for item in reversed(list(node)))
        elif node.is_mapping and not (node["enabled"].known and node["enabled"].value is False):
            for key, child in node.items():
                yield Switch(key, child, node, path)
            waiting.extend(((*path, key), child) for key, child in reversed(list(node.items())))


def is_here(wanted: Dependency, chart: Chart, tree: Tree) -> bool:
    """Whether a chart that another one depends on stands in the repository as a folder."""
    folder = posixpath.normpath(posixpath.join(chart.folder, wanted.local or f"charts/{wanted.name}"))
    return posixpath.join(folder, FILE_NAME) in tree


def written_in(tree: Tree, path: str) -> str:
    """The text of a file, '' where it cannot be read."""
    try:
        return tree.source(path).text
    except Unreadable:
        return ""


def _unseen(chart: Chart, tree: Tree) -> Iterator[Fault]:
    """What a chart takes in from elsewhere makes objects that nobody sees here."""
    for each in chart.dependencies:
        if not chart.library and not is_here(each, chart, tree):
            where = f" of {each.repository}" if each.repository else ""
            words = f"takes in the chart {each.name}{where}, which is not rendered: what it makes is not seen"
            yield Fault(chart.node.source, each.node.mark, words, "template-unrendered", "kubernetes", _ADVICE)
            return


_ADVICE = "fetch it (helm dependency build) and audit with --render helm, or keep the output of helm template"


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The chart that a Chart.yaml describes, and a fault where it cannot be read."""
    if posixpath.basename(source.path) != FILE_NAME:
        return
    documents = source.once(yaml.parse)
    for node in documents.nodes[:1]:
        if node.is_mapping:
            chart = Chart(node, tree)
            yield chart
            yield from _unseen(chart, tree)
    for fault in documents.faults:
        if "{{" in source.text:
            words = f"a template that is not rendered: {FILE_NAME} cannot be judged as it stands"
            yield Fault(source, START, words, "template-unrendered", "helm")
        else:
            yield fault._replace(technology="helm")
