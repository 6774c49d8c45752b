"""Kubernetes manifests to objects, workloads and containers."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from gatekeeper.discover import Tree
from gatekeeper.models import Subject
from gatekeeper.models.kubernetes.kustomize import FILE_NAMES, Builds, Kustomization, Patch, PatchEntry, builds
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
    is_object,
    object_of,
    texts,
)
from gatekeeper.models.kubernetes.quantity import quantity
from gatekeeper.models.kubernetes.selector import LabelSelector, Requirement, written
from gatekeeper.models.kubernetes.templates import of_helm, of_helm_text, with_expressions
from gatekeeper.node import START, Fault, Node, Source, regex
from gatekeeper.parsers import yaml

__all__ = [
    "Builds",
    "Container",
    "EnvVar",
    "HorizontalPodAutoscaler",
    "Kustomization",
    "LabelSelector",
    "Object",
    "Patch",
    "PatchEntry",
    "PodDisruptionBudget",
    "Port",
    "Requirement",
    "Service",
    "Workload",
    "amount",
    "builds",
    "quantity",
    "read",
    "texts",
    "written",
]

_VERSION_KEY = regex(r"""(?:^[ \t]{0,16}|[{,][ \t]{0,16})["']?apiVersion["']?[ \t]{0,16}:""", re.MULTILINE)
_KIND_KEY = regex(r"""(?:^[ \t]{0,16}|[{,][ \t]{0,16})["']?kind["']?[ \t]{0,16}:""", re.MULTILINE)
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
    if posixpath.basename(source.path) in FILE_NAMES:
        technology = "kubernetes"
        kustomization = tree.once(builds).by_folder.get(posixpath.dirname(source.path))
        if kustomization is not None and kustomization.path == source.path:
            yield kustomization
    elif alike and _is_patch(source, tree):
        yield from (Patch(node) for node in documents.nodes if node.is_mapping)
    elif alike:
        written_out = [node for node in documents.nodes if not of_helm_text(node)]
        yield from _objects(written_out)
        if len(written_out) < len(documents.nodes):
            yield _template_fault(source, "kubernetes")
    for fault in documents.faults:
        yield _template_fault(source, technology) if _filled_in(source) else fault._replace(technology=technology)


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


def _objects(nodes: list[Node]) -> Iterator[Subject]:
    waiting = [(node, 0) for node in reversed(nodes)]
    while waiting:
        node, depth = waiting.pop()
        packed = _packed(node) if depth < _LISTS_IN_LISTS else None
        if packed is not None:
            waiting.extend((item, depth + 1) for item in reversed(packed))
        elif is_object(node):
            made = object_of(with_expressions(node))
            yield made
            if isinstance(made, Workload):
                yield from made.containers


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
