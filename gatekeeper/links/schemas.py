"""Which schema an object is held against: the pinned Kubernetes version's, or what this repository says of its kind."""

from __future__ import annotations

import posixpath
from difflib import SequenceMatcher
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.models.kubernetes import Object, Workload, builds
from gatekeeper.models.kubernetes.api_versions import retired
from gatekeeper.models.kubernetes.schema import Shape, builtin, custom_shape, declared, is_fragment
from gatekeeper.node import Node
from gatekeeper.parsers import json, yaml
from gatekeeper.project import Project

NEAR = 0.88  # how alike two kinds must be for one to be the other, misspelt


class Written(NamedTuple):
    """A schema as it is written. CRDs refuse what they do not name (`closed`), JSON schemas do where they say so."""

    node: Node
    closed: bool


class Custom(NamedTuple):
    """The schemas of custom kinds by `group/version kind` (several where they are declared several times).

    `broken` says, of files or folders that the settings name, why they give no schema.
    """

    schemas: dict[str, list[Written]]
    broken: tuple[str, ...]


def kind_of(each: Object) -> str:
    """`apps/v1 Deployment`."""
    return f"{each.api_version} {each.kind}"


def shapes_of(each: Object, project: Project) -> list[Shape]:
    """The shapes its kind may have: any of them will do. None where nothing says what such an object looks like."""
    shape = builtin().kinds.get(kind_of(each))
    if shape:
        return [shape]
    name = _plain(kind_of(each))

    def convert(project: Project) -> list[Shape]:
        every = custom(project).schemas.get(name, ())
        return [custom_shape(schema.node, closed=schema.closed) for schema in every]

    return project.once(("shapes", name), convert)


def custom(project: Project) -> Custom:
    """Everything that the repository declares of custom kinds, among its manifests and where the settings say."""
    return project.once("custom schemas", _custom)


def is_patch(each: Object, project: Project) -> bool:
    """Whether it is a fragment: by what it holds, or a patch by its name that no kustomization lists (any more).

    Beside a kustomization that does not take it in, a workload without selector and image is one too.
    """
    if is_fragment(each.node):
        return True
    folder, name = posixpath.split(each.path)
    folders = folder.split("/")
    if each.variant or not ("patch" in name or "patches" in folders or _lacks_the_most(each)):
        return False
    known = project.tree.once(builds).by_folder
    return any("/".join(folders[:depth]) in known for depth in range(len(folders) + 1))


def _lacks_the_most(each: Object) -> bool:
    if not isinstance(each, Workload) or each.selector_node.present:
        return False
    return any(container.role == "app" and not container.image.present for container in each.containers)


def mistaken(each: Object) -> str:
    """What is wrong about an apiVersion and kind that Kubernetes' own groups do not have; '' when nothing is known.

    Versions that were there once are not meant (`retired`, or another version of the group has the kind).
    """
    schema = builtin()
    group, kind = each.group, each.kind
    served = schema.versions.get(group, ())
    known = {name.partition(" ")[2]: name.partition(" ")[0] for name in schema.kinds}
    here = [name.partition(" ")[2] for name in schema.kinds if name.partition(" ")[0].rpartition("/")[0] == group]
    if not served or kind in here or kind.endswith("List") or retired(each.api_version, kind):
        return ""
    near = next((name for name in here if _alike(kind, name)), "")
    if kind in known:
        return f"{kind} is of {known[kind]}, not of {each.api_version}"
    if near:
        return f"{each.api_version} has no kind {kind}; did you mean {near}?"
    return f"{each.api_version} has no kind {kind}" if group else ""  # other tools' files say v1 too


def _alike(one: str, other: str) -> bool:
    return one.lower() == other.lower() or SequenceMatcher(None, one, other).ratio() >= NEAR


def _plain(kind: str) -> str:
    """JSON schemas are found by file names, which are in lower case."""
    return kind.lower()


def _custom(project: Project) -> Custom:
    found: dict[str, list[Written]] = {}
    broken: list[str] = []
    for each in project.all(Object):
        if each.kind == "CustomResourceDefinition" and each.api_version == "apiextensions.k8s.io/v1":
            _enter(found, each.node)
    for named in project.settings.kubernetes.schemas:
        path = posixpath.normpath(named)
        paths = [path] if path in project.tree else project.tree.below(path)
        files = [file for file in paths if file.endswith((".yaml", ".yml", ".json"))]
        held = sum(_read(found, file, project) for file in files)
        if not held:
            broken.append(f"{named}: {'no schema is in it' if files else 'there is no such file or folder'}")
    return Custom(found, tuple(broken))


def _read(found: dict[str, list[Written]], path: str, project: Project) -> int:
    """How many schemas a file gives."""
    source = project.tree.source(path)
    try:
        nodes = source.once(json.parse)[0] if path.endswith(".json") else source.once(yaml.parse).nodes
    except Unreadable:
        return 0
    held = sum(_enter(found, node) for node in nodes)
    folder, name = posixpath.split(path)
    kind, _, version = name.removesuffix(".json").rpartition("_")
    if held or not (path.endswith(".json") and kind and nodes and nodes[0]["properties"].is_mapping):
        return held
    found.setdefault(_plain(f"{posixpath.basename(folder)}/{version} {kind}"), []).append(Written(nodes[0], False))
    return 1


def _enter(found: dict[str, list[Written]], definition: Node) -> int:
    """How many schemas a definition gives. One that several kustomizations build is entered once."""
    held = 0
    for kind, schema in declared(definition) if definition.is_mapping else ():
        known = found.setdefault(_plain(kind), [])
        if all((schema.source, schema.span) != (each.node.source, each.node.span) for each in known):
            known.append(Written(schema, closed=True))
        held += 1
    return held
