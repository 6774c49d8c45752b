"""Kubernetes manifests to objects, workloads and containers."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.discover import VENDORED, Tree, is_test_data
from gatekeeper.models import Subject
from gatekeeper.models.files import KUSTOMIZATIONS
from gatekeeper.models.kubernetes.argo_workflows import ArgoWorkflow
from gatekeeper.models.kubernetes.argocd import Application, ApplicationSet, AppProject, application_of
from gatekeeper.models.kubernetes.flags import holds_words, with_flags
from gatekeeper.models.kubernetes.kustomize import Builds, Kustomization, Patch, PatchEntry, builds
from gatekeeper.models.kubernetes.mesh import Canary, DestinationRule, PeerAuthentication, VirtualService
from gatekeeper.models.kubernetes.monitors import Monitor
from gatekeeper.models.kubernetes.network import Inlet, NetworkPolicy
from gatekeeper.models.kubernetes.objects import (
    Container,
    EnvVar,
    HorizontalPodAutoscaler,
    Object,
    PodDisruptionBudget,
    Port,
    Service,
    Workload,
    amount,
    fault_of,
    is_object,
    is_strange,
    object_of,
    strange_fault,
    texts,
)
from gatekeeper.models.kubernetes.quantity import quantity
from gatekeeper.models.kubernetes.rbac import Binding, Bound, Grant, Role, ServiceAccount
from gatekeeper.models.kubernetes.selector import LabelSelector, Requirement, written
from gatekeeper.models.kubernetes.templates import marked, of_helm, of_helm_text, with_expressions
from gatekeeper.node import START, Fault, Node, Source, Span, regex
from gatekeeper.parsers import yaml

if TYPE_CHECKING:
    from gatekeeper.models.kubernetes.building import Build, Gap

__all__ = [
    "AppProject",
    "Application",
    "ApplicationSet",
    "ArgoWorkflow",
    "Binding",
    "Bound",
    "Builds",
    "Canary",
    "Container",
    "DestinationRule",
    "EnvVar",
    "Grant",
    "HorizontalPodAutoscaler",
    "Inlet",
    "Kustomization",
    "LabelSelector",
    "Monitor",
    "NetworkPolicy",
    "Object",
    "Patch",
    "PatchEntry",
    "PeerAuthentication",
    "PodDisruptionBudget",
    "Port",
    "Requirement",
    "Role",
    "Service",
    "ServiceAccount",
    "VirtualService",
    "Workload",
    "amount",
    "builds",
    "built",
    "changing",
    "fault_of",
    "quantity",
    "read",
    "texts",
    "written",
]

_VERSION_KEY = regex(r"""(?:^[ \t]{0,16}|[{,][ \t]{0,16})["']?apiVersion["']?[ \t]{0,16}:""", re.MULTILINE)
_KIND_KEY = regex(r"""(?:^[ \t]{0,16}|[{,][ \t]{0,16})["']?kind["']?[ \t]{0,16}:""", re.MULTILINE)
_KUSTOMIZE_ADVICE = "audit the output of `kustomize build` beside it, or bring what is missing into the repository"
_HELM_ADVICE = "render it (helm template) and audit what comes out"


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The objects of a manifest; a fault for what cannot be read or is still a template."""
    text = source.text
    alike = "apiVersion" in text and bool(_VERSION_KEY.search(text) and _KIND_KEY.search(text))
    if source.path.endswith(".json") and not alike:
        return
    if _is_template(source, tree, alike):
        yield _template_fault(source, "kubernetes")
        return
    documents = _parse(source)
    technology = "kubernetes" if alike else ""
    if posixpath.basename(source.path) in KUSTOMIZATIONS:
        technology = "kubernetes"
        yield from _of_kustomization(source, tree)
    elif alike and _is_patch(source, tree):
        yield from _as_built(source, tree)
        yield from (Patch(node) for node in documents.nodes if node.is_mapping)
    elif alike and source.path in tree.once(_built).files:
        yield from _as_built(source, tree)
    elif alike:
        written_out = [node for node in documents.nodes if not of_helm_text(node)]
        yield from _objects(written_out)
        if len(written_out) < len(documents.nodes):
            yield _template_fault(source, "kubernetes")
    if "containers" in text and "kind" in text and not _is_patch(source, tree):
        yield from (strange_fault(node) for node in documents.nodes if is_strange(node))
    for fault in documents.faults:
        yield _template_fault(source, technology) if _filled_in(source) else fault._replace(technology=technology)


def _of_kustomization(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The kustomization, what it generates, and what of its build cannot be told."""
    kustomization = tree.once(builds).by_folder.get(posixpath.dirname(source.path))
    if kustomization is None or kustomization.path != source.path:
        return
    yield kustomization
    yield from _as_built(source, tree)
    for nodes in _of_files_left_out(kustomization.folder, tree):
        yield from _objects(
            nodes, kustomization.folder or ".", final=(kustomization.folder or ".") not in tree.once(changing)
        )
    for gap in tree.once(_built).gaps.get(kustomization.folder, ()):
        yield Fault(gap.at.source, gap.at.mark, gap.message, "template-unrendered", "kubernetes", _KUSTOMIZE_ADVICE)


def _of_files_left_out(build: str, tree: Tree) -> Iterator[list[Node]]:
    """What a build takes from files that are not read for themselves: it is applied, wherever it stands."""
    for path, by_build in tree.once(_built).objects.items():
        vendored = not VENDORED.isdisjoint(path.split("/")[:-1])
        if build in by_build and (vendored or is_test_data(path) or not path.lower().endswith(_READ_ENDINGS)):
            yield by_build[build]


def _as_built(source: Source, tree: Tree) -> Iterator[Subject]:
    """The objects that a file brings into the repository's builds, as each of them applies it."""
    for build, nodes in tree.once(_built).objects.get(source.path, {}).items():
        yield from _objects(nodes, build or ".", final=(build or ".") not in tree.once(changing))


class _Built(NamedTuple):
    """What the kustomizations come to, by the file that an object stands in."""

    files: frozenset[str]
    objects: dict[str, dict[str, list[Node]]]  # file -> folder that is built -> objects
    gaps: dict[str, list[Gap]]  # folder that is built first of those with the gap


# What a gap in these fields leaves out is added to a build; nothing that is there becomes another.
_ADDING = frozenset(
    "resources bases crds openapi generators configMapGenerator secretGenerator helmCharts helmGlobals "
    "helmChartInflationGenerator validators".split()
)


def built(tree: Tree) -> tuple[Build, ...]:
    """What every kustomization of the repository that no other takes in comes to. Ask through `tree.once(built)`."""
    if not tree.once(builds).by_folder:
        return ()
    from gatekeeper.models.kubernetes.building import rendered  # most repositories have none

    return tree.once(rendered)


def changing(tree: Tree) -> dict[str, Gap]:
    """The builds in which something could not be followed that may change their objects, by variant, with the first."""
    found: dict[str, Gap] = {}
    for build in tree.once(built):
        for gap in build.gaps:
            if gap.message.partition(":")[0] not in _ADDING:
                found.setdefault(build.folder or ".", gap)
    return found


def _built(tree: Tree) -> _Built:
    objects: dict[str, dict[str, list[Node]]] = {}
    gaps: dict[str, list[Gap]] = {}
    told: set[tuple[str, Span, str]] = set()
    every = tree.once(built)
    for build in every:
        for node in build.objects:
            objects.setdefault(node.source.path, {}).setdefault(build.folder, []).append(node)
        for gap in build.gaps:
            key = (gap.at.source.path, gap.at.mark, gap.message)
            if key not in told:
                told.add(key)
                gaps.setdefault(build.folder, []).append(gap)
    return _Built(frozenset(path for build in every for path in build.files), objects, gaps)


def _is_template(source: Source, tree: Tree, alike: bool) -> bool:
    if "{{" not in source.text:
        return False  # nothing to render: Helm would give it out as it stands
    if of_helm(source.path, tree):
        return True
    return alike and source.path.endswith(_TEMPLATE_ENDINGS)


def _filled_in(source: Source) -> bool:
    """Whether a file that does not parse is no YAML yet: a template of Helm, Jinja or Terraform."""
    if "{{" in source.text or source.path.endswith(_TEMPLATE_ENDINGS):
        return True
    return "%{" in source.text and _DIRECTIVE.search(source.text) is not None


_DIRECTIVE = regex(r"%\{[~ ]{0,4}(?:if|for|else|endif|endfor)\b")

_TEMPLATE_ENDINGS = (".j2", ".tpl", ".gotmpl")
_READ_ENDINGS = (".yaml", ".yml", ".json", "/kustomization", *_TEMPLATE_ENDINGS)


def _template_fault(source: Source, technology: str) -> Fault:
    words = f"a template that is not rendered: {posixpath.basename(source.path)} cannot be judged as it stands"
    return Fault(source, START, words, "template-unrendered", technology, _HELM_ADVICE)


def _parse(source: Source) -> yaml.Documents:
    if not source.path.endswith(".json"):
        return source.once(yaml.parse)
    from gatekeeper.parsers import json

    return yaml.Documents(*source.once(json.parse))


def _is_patch(source: Source, tree: Tree) -> bool:
    return source.path in tree.once(builds).patch_files


def of_nodes(nodes: list[Node], variant: str) -> Iterator[Subject]:
    """The objects that a chart is rendered to; `variant` is its folder."""
    yield from _objects(nodes, variant)


def _objects(nodes: list[Node], variant: str = "", *, final: bool = True) -> Iterator[Subject]:
    waiting = [(node, 0) for node in reversed(nodes)]
    while waiting:
        node, depth = waiting.pop()
        packed = _packed(node) if depth < _LISTS_IN_LISTS else None
        if packed is not None:
            waiting.extend((item, depth + 1) for item in reversed(packed))
        elif is_object(node):
            made = object_of(_as_read(node, built=bool(variant)), variant, final=final)
            yield made
            if isinstance(made, Workload):
                yield from made.containers
            elif application := application_of(made):
                yield application


def _as_read(node: Node, *, built: bool) -> Node:
    """The object as the API reads it. What is built is put together of several files."""
    sources = {id(each.source): each.source for each in node.walk()}.values() if built else (node.source,)
    if any(source.once(marked) for source in sources):
        node = with_expressions(node)
    return with_flags(node) if any(source.once(holds_words) for source in sources) else node


_LISTS_IN_LISTS = 5


def _packed(node: Node) -> list[Node] | None:
    """The objects inside a List, a PodList, ... or an OpenShift Template."""
    if not node.is_mapping:
        return None
    kind = written(node["kind"])
    if kind == "Template" and node["objects"].is_list:
        return list(node["objects"])
    if not kind.endswith("List") or not node["items"].is_list:
        return None
    return [_item(node, kind.removesuffix("List"), item) for item in node["items"]]


def _item(listing: Node, kind: str, item: Node) -> Node:
    """An item of a PodList, which may leave out the kind that the list's name says."""
    if not kind or not item.is_mapping or "kind" in item:
        return item
    said = listing["kind"]
    head = {"apiVersion": listing["apiVersion"], "kind": Node(kind, said.source, said.span, said.key)}
    return Node({**head, **item.value}, item.source, item.span, item.key, item.tag)
