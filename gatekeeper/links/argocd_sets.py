"""Which Applications an ApplicationSet makes, as far as the repository says: lists, folders and files of git, and what
matrix and merge put together of them. Clusters, pull requests and other services are known to Argo CD alone.

https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators/
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.links.argocd import in_tree, ours
from gatekeeper.models.kubernetes import Application, ApplicationSet, written
from gatekeeper.models.kubernetes.argocd import Parameters, by_steps, filled, flat, joined, merged, of_path
from gatekeeper.models.kubernetes.network import listed
from gatekeeper.node import Node, Unresolved
from gatekeeper.parsers import json, yaml
from gatekeeper.project import Project

_DEPTH, _MOST = 4, 300


class Made(NamedTuple):
    """The Applications that a set makes; `whole` when it makes no others."""

    applications: tuple[Application, ...]
    whole: bool


def every(project: Project) -> list[Application]:
    """Every Application, and those that sets are known to make in place of their templates."""
    return project.once("every application", lambda project: [*_every(project)])


def _every(project: Project) -> Iterator[Application]:
    for each in project.all(Application):
        made = made_by(each, project) if each.made else None
        yield from made.applications if made and made.applications else (each,)


def made_by(each: Application, project: Project) -> Made:
    """What the template of a set comes to; made once. Empty where nothing is known."""
    return project.once(("made by", id(each)), lambda project: _made(each, project))


def _made(each: Application, project: Project) -> Made:
    origin = each.origin
    if not isinstance(origin, ApplicationSet) or each.parameters:
        return Made((), True)
    found: list[Parameters] = []
    for generator in listed(origin.spec["generators"]) if origin.spec["generators"].known else ():
        found += _of(generator, origin.go, Parameters({}), project, 0)
    given = tuple(origin.filled(parameters) for parameters in _few(found) if _says(parameters))
    return Made(given, bool(found) and all(parameters.whole for parameters in _few(found)))


def _says(parameters: Parameters) -> bool:
    return bool(parameters.values or parameters.preview or parameters.cluster)


OPEN = Parameters({}, whole=False)


def _few(found: list[Parameters]) -> list[Parameters]:
    """As many as are looked at; that there are more is not forgotten."""
    return found if len(found) <= _MOST else [*found[: _MOST - 1], OPEN]


def _of(generator: Node, go: bool, given: Parameters, project: Project, depth: int) -> list[Parameters]:
    """What one generator gives, with what an outer one gave before it."""
    for kind, body in generator.items() if depth < _DEPTH else ():
        make = _KINDS.get(kind)
        if make:
            try:
                found = make(_Asked(body, go, given, project, depth))
            except Unresolved:
                found = [OPEN]
            chosen = _selected(found, generator["selector"])
            return _few([_with_values(each, body["values"], go) for each in chosen])
    return [OPEN]


class _Asked(NamedTuple):
    body: Node
    go: bool
    given: Parameters
    project: Project
    depth: int

    def text(self, node: Node) -> str | None:
        return filled(written(node), self.go, self.given)


def _list(asked: _Asked) -> list[Parameters]:
    if asked.body["elementsYaml"].present:
        return [OPEN]
    found = []
    for element in listed(asked.body["elements"]):
        values = flat(element)
        known = {key: filled(value, asked.go, asked.given) for key, value in values.items()}
        found.append(Parameters({key: value for key, value in known.items() if value is not None}))
    return found


def _clusters(asked: _Asked) -> list[Parameters]:
    labels = flat(asked.body["selector"]["matchLabels"])
    own = {key: value for key, value in labels.items() if not key.startswith("argocd.argoproj.io/")}
    values = {f"metadata.labels.{key}": value for key, value in own.items()}
    return [Parameters(values, whole=False, cluster=tuple(own.values()))]


def _pull_request(asked: _Asked) -> list[Parameters]:
    return [Parameters({}, whole=False, preview=True)]


def _git(asked: _Asked) -> list[Parameters]:
    address = asked.body["repoURL"]
    if "{{" in written(address) or not ours(address, asked.project).here:
        return [OPEN]
    prefix = asked.body["pathParamPrefix"].text
    if asked.body["directories"].present:
        return [Parameters(of_path(path, asked.go, prefix)) for path in _chosen(asked, "directories", _folders)]
    return [each for path in _chosen(asked, "files", _files) for each in _of_file(path, asked, prefix)]


def _folders(project: Project) -> list[str]:
    return sorted(folder for folder in project.tree.folders if folder and not f"/{folder}".count("/."))


def _files(project: Project) -> list[str]:
    return [path for path in project.tree.paths if path.endswith((".yaml", ".yml", ".json"))]


def _chosen(asked: _Asked, field: str, paths: Callable[[Project], list[str]]) -> list[str]:
    """The paths that some pattern takes in, and none with `exclude` leaves out. Raises `Unresolved`."""
    given = [(asked.text(each["path"]), each["exclude"].text == "true") for each in listed(asked.body[field])]
    if any(pattern is None for pattern, _ in given):
        return []
    places = [(in_tree((pattern or "").strip("/").removeprefix("./"), asked.project), out) for pattern, out in given]
    wanted = tuple((pattern, out) for pattern, out in places if pattern)
    return asked.project.once(("chosen", field, wanted), lambda project: _matching(wanted, project.once(paths, paths)))


def _matching(wanted: tuple[tuple[str, bool], ...], paths: list[str]) -> list[str]:
    found: list[str] = []
    for path in paths:
        taken = {out for pattern, out in wanted if by_steps(pattern, path)}
        if taken == {False}:
            found.append(path)
    return found[: _MOST + 1]


def _of_file(path: str, asked: _Asked, prefix: str) -> list[Parameters]:
    source = asked.project.tree.source(path)
    about = of_path(posixpath.dirname(path), asked.go, prefix)
    about["path.filename"] = posixpath.basename(path)
    try:
        nodes = (source.once(json.parse) if path.endswith(".json") else source.once(yaml.parse)).nodes
    except Unreadable:
        return [Parameters(about, whole=False)]
    items = [item for node in nodes for item in (node if node.is_list else (node,)) if item.is_mapping]
    return [Parameters({**flat(item), **about}) for item in items]


def _matrix(asked: _Asked) -> list[Parameters]:
    children = listed(asked.body["generators"])
    if len(children) != 2:
        return [OPEN]
    found: list[Parameters] = []
    for one in _of(children[0], asked.go, asked.given, asked.project, asked.depth + 1):
        both = Parameters({**asked.given.values, **one.values}, one.whole, one.preview, one.cluster)
        found += [joined(one, other) for other in _of(children[1], asked.go, both, asked.project, asked.depth + 1)]
        if len(found) > _MOST:
            break
    return found


def _merge(asked: _Asked) -> list[Parameters]:
    children = listed(asked.body["generators"])
    keys = [written(key) for key in asked.body["mergeKeys"]] if asked.body["mergeKeys"].is_list else []
    if not children:
        return [OPEN]
    of_each = [_of(child, asked.go, asked.given, asked.project, asked.depth + 1) for child in children]
    others = [one for given in of_each[1:] for one in given]
    base = of_each[0]
    if all(one.whole for one in base):
        return merged(base, others, keys)
    return [*base, *(one._replace(whole=False) for one in others)]


_KINDS: dict[str, Callable[[_Asked], list[Parameters]]] = {
    "list": _list,
    "clusters": _clusters,
    "pullRequest": _pull_request,
    "git": _git,
    "matrix": _matrix,
    "merge": _merge,
}


def _selected(found: list[Parameters], selector: Node) -> list[Parameters]:
    """Those that a generator's own selector leaves."""
    wanted = flat(selector["matchLabels"]) if selector.present and selector.known else {}
    return [each for each in found if all(each.values.get(key, value) == value for key, value in wanted.items())]


def _with_values(each: Parameters, values: Node, go: bool) -> Parameters:
    """With the `values` of the generator, in which its own parameters may stand."""
    if not values.present or not values.is_mapping:
        return each
    own = {f"values.{key}": filled(value, go, each) for key, value in flat(values).items()}
    return each._replace(values={**each.values, **{key: value for key, value in own.items() if value is not None}})
