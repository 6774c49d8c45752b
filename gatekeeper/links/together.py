"""What is certainly applied together: the documents of one file, what one kustomization builds, one chart's files."""

from __future__ import annotations

import posixpath

from gatekeeper.models.kubernetes import Object, built
from gatekeeper.node import Node
from gatekeeper.project import Project


def applied_together(one: Object, other: Object) -> bool:
    """Whether whoever applies the one applies the other, which is not so for alternatives that lie side by side."""
    return one.variant == other.variant and (bool(one.variant) or one.path == other.path)


def twins_of(each: Object, project: Project) -> list[Node]:
    """The later declarations, applied together with this one, of what is the same object to the API."""
    return project.once("twins", _twins).get(_place(each.node), [])


_Place = tuple[str, int, int]


def _place(node: Node) -> _Place:
    kind = node["kind"]
    return kind.source.path, kind.span.line, kind.span.column


def _twins(project: Project) -> dict[_Place, list[Node]]:
    pairs = [(first.node, later.node) for first, later in _written_twice(project)]
    for build in project.tree.once(built):
        pairs.extend((first, later) for later, first in build.twice)
    found: dict[_Place, dict[_Place, Node]] = {}
    for first, later in pairs:
        if _place(first) != _place(later):
            found.setdefault(_place(first), {})[_place(later)] = later
    return {place: list(others.values()) for place, others in found.items()}


def _written_twice(project: Project) -> list[tuple[Object, Object]]:
    """Pairs of the same group, kind, namespace and name: the first of them, and each later one."""
    first: dict[tuple[str, ...], Object] = {}
    pairs = []
    for each in project.all(Object):
        if not each.object_name or each.object_name.endswith("*"):
            continue
        for unit in _units(each, project):
            key = (unit, each.group, each.kind, each.namespace, each.object_name)
            known = first.setdefault(key, each)
            if known is not each:
                pairs.append((known, each))
    return pairs


def _units(each: Object, project: Project) -> list[str]:
    """What it is applied with, each by a name: its build, or else its file and its chart."""
    if each.variant:
        return [f"build {each.variant}"]
    folders = each.path.split("/")[:-1]
    charts = ("/".join(folders[:depth]) for depth, name in enumerate(folders) if name == "templates")
    return [
        f"file {each.path}",
        *(f"chart {root}" for root in charts if posixpath.join(root, "Chart.yaml") in project.tree),
    ]
