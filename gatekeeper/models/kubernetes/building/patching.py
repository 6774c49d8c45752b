"""Patches of a kustomization: which objects they mean, and what becomes of them."""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.models.kubernetes.building.facts import CLUSTER_SCOPED
from gatekeeper.models.kubernetes.building.items import (
    NO_NAMESPACE,
    Id,
    Item,
    Target,
    Unclear,
    group_version,
    label,
    name_of,
    namespace_of,
)
from gatekeeper.models.kubernetes.building.merging import Refused, json_patch, merge
from gatekeeper.models.kubernetes.building.nodes import at, decided, listed, mapping, said, text, with_field
from gatekeeper.node import Node

_OPERATIONS = 2000  # of one JSON patch


class Outcome(NamedTuple):
    """The objects after a patch; what kustomize refuses, and which patch means nothing that is there."""

    items: list[Item]
    refused: list[tuple[Node, str]]
    idle: list[tuple[Node, str]]


def apply(items: list[Item], field: str, entry: Node, documents: list[Node]) -> Outcome:
    """The objects with a patch applied, an entry of `patches`, `patchesStrategicMerge` or `patchesJson6902`."""
    target = mapping(entry).get("target")
    outcome = Outcome(list(items), [], [])
    if not documents:
        outcome.refused.append((entry, "the patch is empty"))
        return outcome
    try:
        if documents[0].is_list:
            return _json(outcome, entry, documents[0], remembers=field == "patches")
        if target is not None and target.present:
            return _to_targets(outcome, entry, target, documents)
        for document in documents:
            outcome = _by_name(outcome, document, mapping(entry).get("options"))
    except Unclear as unclear:
        outcome.refused.append((entry, f"{unclear} is an expression that is not read here"))
    return outcome


def _json(outcome: Outcome, entry: Node, operations: Node, *, remembers: bool) -> Outcome:
    target = mapping(entry).get("target")
    if target is None or not target.present:
        outcome.refused.append((entry, "a JSON patch without a target"))
        return outcome
    if len(listed(operations)) > _OPERATIONS:
        outcome.refused.append((entry, f"a JSON patch with more than {_OPERATIONS} operations"))
        return outcome
    wanted = Target.of(target)
    chosen = [i for i, item in enumerate(outcome.items) if wanted.means(item)]
    if not chosen:
        outcome.idle.append((target, f"the patch is for {_said(target)}, which is not in this build"))
    for i in chosen:
        item = outcome.items[i].remembering() if remembers else outcome.items[i]
        try:
            outcome.items[i] = item._replace(node=_json_patched(item, operations))
        except Refused as refused:
            outcome.refused.append((refused.at, f"{refused} ({label(item.id)})"))
    return outcome


def _json_patched(item: Item, operations: Node) -> Node:
    """kustomize keeps its notes in the annotations, so that a patch may add to some that nobody has written."""
    node = item.node
    if (item.before or item.hashed) and at(node, "metadata", "annotations") is None and "metadata" in mapping(node):
        metadata = mapping(node)["metadata"]
        empty = with_field(metadata, "annotations", decided({}, metadata))
        node = json_patch(with_field(node, "metadata", empty), operations)
        if at(node, "metadata", "annotations") is not None and not mapping(at(node, "metadata", "annotations")):
            node = with_field(node, "metadata", with_field(mapping(node)["metadata"], "annotations", None))
        return node
    return json_patch(node, operations)


def _to_targets(outcome: Outcome, entry: Node, target: Node, documents: list[Node]) -> Outcome:
    wanted = Target.of(target)
    if len(documents) > 1:
        outcome.refused.append((entry, "several patches in one entry with a target"))
        return outcome
    patch = documents[0]
    if not _is_patch(patch):
        outcome.refused.append((patch, "the patch has no kind or no metadata.name"))
        return outcome
    chosen = [i for i, item in enumerate(outcome.items) if wanted.means(item)]
    if not chosen:
        outcome.idle.append((target, f"the patch is for {_said(target)}, which is not in this build"))
    return _merged(outcome, chosen, patch, mapping(entry).get("options"))


def _by_name(outcome: Outcome, patch: Node, options: Node | None) -> Outcome:
    if not patch.present:
        return outcome
    if not _is_patch(patch):
        outcome.refused.append((patch, "the patch has no kind or no metadata.name"))
        return outcome
    wanted = _id(patch)
    chosen = [i for i, item in enumerate(outcome.items) if wanted == item.id or wanted in item.before]
    if len(chosen) != 1:
        words = "several objects here are" if chosen else "no object here is"
        name = at(patch, "metadata", "name")
        place = patch if name is None else name
        outcome.refused.append((place, f"{words} {label(wanted)}, which the patch is for"))
        if not chosen:
            outcome.idle.append((place, f"the patch is for {label(wanted)}, which is not in this build"))
        return outcome
    return _merged(outcome, chosen, patch, options)


def _merged(outcome: Outcome, chosen: list[int], patch: Node, options: Node | None) -> Outcome:
    items: list[Item | None] = list(outcome.items)
    for i in chosen:
        item = outcome.items[i]
        try:
            items[i] = _patched(item, patch, options)
        except Refused as refused:
            outcome.refused.append((refused.at, f"{refused} ({label(item.id)})"))
    return outcome._replace(items=[item for item in items if item is not None])


def _patched(item: Item, patch: Node, options: Node | None) -> Item | None:
    """The object with the patch merged in: it stays what it is and keeps its name, unless the options say so."""
    new_kind = options is not None and said(options["allowKindChange"])
    new_name = options is not None and said(options["allowNameChange"])
    before = mapping(item.node)
    node = merge(item.node, patch)
    if node is None:
        return None
    if new_kind or new_name:
        item = item.remembering()
    for key in ("apiVersion",) if new_kind else ("apiVersion", "kind"):
        if key in before:
            node = with_field(node, key, before[key])
    metadata = mapping(node).get("metadata")
    if metadata is not None and metadata.is_mapping:
        held = mapping(before.get("metadata"))
        for key in ("namespace",) if new_name else ("name", "namespace"):
            metadata = with_field(metadata, key, held.get(key))
        node = with_field(node, "metadata", metadata)
    return item._replace(node=node)


def _is_patch(patch: Node) -> bool:
    return patch.is_mapping and bool(text(mapping(patch).get("kind"))) and bool(name_of(patch))


def _id(patch: Node) -> Id:
    pairs = mapping(patch)
    version, kind = text(pairs.get("apiVersion")), text(pairs.get("kind"))
    namespace = NO_NAMESPACE if f"{version} {kind}" in CLUSTER_SCOPED else namespace_of(patch) or "default"
    return Id(*group_version(version), kind, name_of(patch), namespace)


def _said(target: Node) -> str:
    parts = [f"{key} {text(value)}" for key, value in mapping(target).items() if text(value)]
    return ", ".join(parts) or "nothing"
