"""The environments that the repository speaks of: jobs of pipelines, files of variables, roots, overlays, values."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.links.judged import judged
from gatekeeper.models import Subject
from gatekeeper.models.files import KUSTOMIZATIONS
from gatekeeper.models.pipeline.environments import Class, classify, tokens
from gatekeeper.node import START, Node, regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.kubernetes import Object
    from gatekeeper.models.terraform import Directory

_FOLDERS = frozenset({"environments", "environment", "envs", "env", "overlays", "stages"})
_VALUES = regex(r"values[-_.]([A-Za-z0-9_-]{1,60})\.ya?ml\Z")
_RANK = (Class.EPHEMERAL, Class.NONPROD, Class.UNKNOWN, Class.PUBLISH, Class.PARAMETRIC, Class.PROD)


class Environment(NamedTuple):
    """An environment by its name: where it is declared, and the addresses that are said to be its own."""

    name: str
    cls: Class
    places: tuple[Node, ...]
    addresses: tuple[Node, ...]


class Host(NamedTuple):
    """A host name that an Ingress or a route of the Gateway API answers to."""

    node: Node
    by: str


def environments(project: Project) -> list[Environment]:
    """Every environment, production last; those of one class by name."""
    return project.once("environments", _environments)


def _environments(project: Project) -> list[Environment]:
    table: dict[str, tuple[str, list[Node], list[Node]]] = {}
    for name, at, address in (*_of_jobs(project), *_of_terraform(project), *_of_files(project)):
        _, places, addresses = table.setdefault(name.lower(), (name, [], []))
        if all((each.source.path, each.mark) != (at.source.path, at.mark) for each in places):
            places.append(at)
        if address is not None:
            addresses.append(address)
    for host in hosts(project):
        for _, places, addresses in table.values():
            if _owns(places, host.node.source.path):
                addresses.append(host.node)
    found = [Environment(name, classify(name), tuple(at), tuple(urls)) for name, at, urls in table.values()]
    return sorted(found, key=lambda each: (_RANK.index(each.cls), each.name.lower()))


def _owns(places: Iterable[Node], path: str) -> bool:
    """Whether a manifest lies in the folder of an environment's overlay."""
    folders = (posixpath.split(each.source.path) for each in places)
    return any(name in KUSTOMIZATIONS and path.startswith(f"{folder}/") for folder, name in folders)


Named = tuple[str, Node, Node | None]


def _of_jobs(project: Project) -> Iterator[Named]:
    if "pipeline.Job" not in Subject.registry:
        return
    from gatekeeper.links.pipelines import entries

    for pipeline in entries(project):
        for job in pipeline.all_jobs:
            if job.environment:
                url = job.node["environment"]["url"] if job.node["environment"].is_mapping else None
                for name in job.environment.values or (job.environment.raw,):
                    yield name, job.environment.at, url if url is not None and url.present else None


def _of_terraform(project: Project) -> Iterator[Named]:
    directories = Subject.registry.get("terraform.Directory")
    for each in cast("list[Directory]", project.all(directories)) if directories else ():
        folder = posixpath.basename(each.directory)
        if each.root and not each.example and _is_environment(folder, each.directory):
            yield folder, each.node, None


def _of_files(project: Project) -> Iterator[Named]:
    for path in judged(project):
        folder, name = posixpath.split(path)
        named = ""
        if name.endswith((".tfvars", ".tfvars.json", ".tfbackend")):
            above = posixpath.basename(folder)
            named = above if _is_environment(above, folder) else name.partition(".")[0]
            named = named if _is_environment(named, f"{folder}/{named}") else ""
        elif name in KUSTOMIZATIONS:
            named = posixpath.basename(folder) if _is_environment(posixpath.basename(folder), folder) else ""
        elif found := _VALUES.match(name):
            named = found[1] if classify(found[1]) not in (Class.UNKNOWN, Class.PUBLISH) else ""
        if named:
            yield named, Node(None, project.tree.source(path), START), None


def _is_environment(name: str, path: str) -> bool:
    """Whether a name is an environment's: one word that is, or any name in a folder of environments."""
    above = posixpath.basename(posixpath.dirname(path)).lower()
    if above in _FOLDERS and name.lower() not in _BASES:
        return True
    return len(tokens(name)) == 1 and classify(name) not in (Class.UNKNOWN, Class.PUBLISH)


_BASES = frozenset({"base", "common", "shared", "default", "global", "all", "components", "terraform", "backend"})


def hosts(project: Project) -> list[Host]:
    """Every host that an Ingress or HTTPRoute declares."""
    return project.once("hosts", lambda project: list(_hosts(project)))


def _hosts(project: Project) -> Iterator[Host]:
    objects = Subject.registry.get("kubernetes.Object")
    for each in cast("list[Object]", project.all(objects)) if objects else ():
        if each.kind == "Ingress":
            rules = each.spec["rules"]
            found = [rule["host"] for rule in rules if rule.is_mapping] if rules.is_list else []
        elif each.kind in ("HTTPRoute", "GRPCRoute", "TLSRoute"):
            found = list(each.spec["hostnames"]) if each.spec["hostnames"].is_list else []
        else:
            continue
        yield from (Host(node, each.name) for node in found if node.present)
