"""What a kustomization sets in every object: namespace, names, labels, annotations, replicas, images."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from gatekeeper.models.kubernetes.building.facts import Fields, FieldSpec
from gatekeeper.models.kubernetes.building.items import Id, Item, group_version
from gatekeeper.models.kubernetes.building.nodes import (
    changed,
    decided,
    holding,
    listed,
    mapping,
    said,
    text,
    with_field,
)
from gatekeeper.node import Node

Change = Callable[[Node], Node | None]


def _on_fields(node: Node, specs: Iterable[FieldSpec], change: Change, make: Callable[[bool], Node]) -> Node:
    group, version = group_version(text(mapping(node).get("apiVersion")))
    kind = text(mapping(node).get("kind"))
    for spec in specs:
        if spec.means(group, version, kind):
            node = changed(node, spec.path, change, make if spec.create else None)
    return node


# namespace


def in_namespace(item: Item, namespace: Node, fields: Fields) -> Item:
    """The object in the kustomization's namespace, unless it is of the cluster."""
    item = item.remembering()
    name = text(namespace)
    node = item.node

    def make(last: bool) -> Node:
        return decided(None if last else {}, namespace)

    if not item.cluster_scoped:
        node = changed(node, ("metadata", "namespace"), lambda _: decided(name, namespace), make)
    kind = text(mapping(node).get("kind"))
    if kind in ("RoleBinding", "ClusterRoleBinding"):
        node = changed(node, ("subjects",), lambda subjects: _default_subjects(subjects, namespace))
    for spec in fields.namespace:
        if spec.path == ("metadata", "namespace"):
            continue  # set above, and not for what is of the cluster
        if spec.path == ("metadata", "name"):
            if text(mapping(node).get("apiVersion")) == "v1":
                node = _on_fields(node, (spec,), lambda old: holding(old, name), make)
        elif not (kind in ("RoleBinding", "ClusterRoleBinding") and spec.path == ("subjects", "namespace")):
            node = _on_fields(node, (spec,), lambda _: decided(name, namespace), make)
    return item._replace(node=node)


def _default_subjects(subjects: Node, namespace: Node) -> Node | None:
    items = [
        with_field(subject, "namespace", decided(text(namespace), namespace))
        if text(mapping(subject).get("name")) == "default"
        else subject
        for subject in listed(subjects)
    ]
    return holding(subjects, items) if items else None


# names


def _keeps_its_name(of: Id) -> bool:
    return of.kind in ("CustomResourceDefinition", "Namespace") or (of.group, of.kind) == (
        "apiregistration.k8s.io",
        "APIService",
    )


def prefixed(item: Item, prefix: str, fields: Fields) -> Item:
    return _affixed(item, prefix, "", fields.name_prefix)


def suffixed(item: Item, suffix: str, fields: Fields) -> Item:
    return _affixed(item, "", suffix, fields.name_suffix)


def _affixed(item: Item, prefix: str, suffix: str, specs: Iterable[FieldSpec]) -> Item:
    first = item.original
    if _keeps_its_name(first):
        return item
    for spec in specs:
        if not spec.means(first.group, first.version, first.kind):
            continue
        if spec.path == ("metadata", "name"):
            item = item.remembering()
            item = item._replace(
                prefixes=(*item.prefixes, prefix) if prefix else item.prefixes,
                suffixes=(*item.suffixes, suffix) if suffix else item.suffixes,
            )
        node = changed(item.node, spec.path, lambda old: holding(old, f"{prefix}{text(old)}{suffix}"))
        item = item._replace(node=node)
    return item


# labels and annotations


def marked(item: Item, pairs: Node, specs: Iterable[FieldSpec]) -> Item:
    """The object with labels or annotations set at all these places."""
    wanted = {key: decided(text(value), value) for key, value in mapping(pairs).items()}
    if not wanted:
        return item

    def change(node: Node) -> Node | None:
        held = mapping(node)
        return holding(node, {**held, **wanted}) if node.is_mapping else None

    def make(_: bool) -> Node:
        return decided({}, pairs)

    return item._replace(node=_on_fields(item.node, specs, change, make))


def label_specs(entry: Node, fields: Fields, usual: FieldSpec) -> list[FieldSpec]:
    """Where the labels of an entry of `labels` go."""
    from gatekeeper.models.kubernetes.building.facts import path_of

    specs = [
        FieldSpec(
            path_of(text(mapping(each).get("path"))),
            text(mapping(each).get("kind")),
            text(mapping(each).get("group")),
            text(mapping(each).get("version")),
            said(each["create"]),
        )
        for each in listed(mapping(entry).get("fields"))
    ]
    specs += fields.labels
    if said(entry["includeSelectors"]):
        return [*specs, *fields.common_labels]
    if said(entry["includeTemplates"]):
        specs += fields.template_labels
    if said(entry["includeVolumeClaimTemplates"]):
        specs += [spec for spec in fields.template_labels if "volumeClaimTemplates[]" in spec.path]
    return [*specs, usual]


# replicas


def scaled(item: Item, entry: Node, fields: Fields) -> Item | None:
    """The object with the count of an entry of `replicas`; None when the entry does not mean it."""
    name = text(mapping(entry).get("name"))
    count = mapping(entry).get("count", entry)
    specs = [
        spec
        for spec in fields.replicas
        if any(each.name == name and spec.means(each.group, each.version, each.kind) for each in item.ids)
    ]
    if not specs:
        return None
    value = count.number if count.known and count is not entry else 0

    def make(last: bool) -> Node:
        return decided(None if last else {}, entry)

    return item._replace(node=_on_fields(item.node, specs, lambda _: decided(value, count), make))


# images

_TAG = r"(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?"
_NAME = re.compile(r"[\w./:@-]{1,500}\Z")


class ImageEntry:
    """An entry of `images`: what it writes in place of an image of that name."""

    def __init__(self, entry: Node) -> None:
        pairs = mapping(entry)
        self.entry = entry
        self.name = text(pairs.get("name"))
        self.readable = bool(_NAME.match(self.name))
        self._pattern = re.compile(re.escape(self.name).replace("\\.", ".") + _TAG) if self.readable else None
        self._new_name, self._new_tag = text(pairs.get("newName")), text(pairs.get("newTag"))
        self._digest, self._suffix = text(pairs.get("digest")), text(pairs.get("tagSuffix"))
        by = next((pairs[key] for key in ("digest", "newTag", "tagSuffix", "newName") if text(pairs.get(key))), None)
        self._by = entry if by is None else by

    def rewritten(self, image: Node) -> Node | None:
        """The image as the entry writes it; None when it means another."""
        if self._pattern is None or not image.known or not isinstance(image.value, str):
            return None
        if not self._pattern.fullmatch(image.value):
            return None
        name, tag, digest = split_image(image.value)
        name = self._new_name or name
        if self._new_tag or self._digest:
            tag, digest = self._new_tag, self._digest
        elif self._suffix:
            tag, digest = tag + self._suffix, ""
        value = name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
        return None if value == image.value else decided(value, self._by)


def split_image(image: str) -> tuple[str, str, str]:
    """Name, tag and digest; a colon before the first slash is a registry's port."""
    start = max(image.find("/"), 0)
    name, sign, digest = image.partition("@")
    colon = name.find(":", start)
    tag = name[colon + 1 :] if colon >= 0 else ""
    return (name[:colon] if colon >= 0 else name), tag, digest if sign else ""


def with_images(item: Item, entries: list[ImageEntry], fields: Fields) -> Item:
    """The object with its images rewritten, wherever containers are listed."""
    if text(mapping(item.node).get("kind")) == "CustomResourceDefinition":
        return item

    def rewrite(image: Node) -> Node:
        for entry in entries:
            image = entry.rewritten(image) or image
        return image

    node = _in_containers(item.node, rewrite, {})
    node = (
        _on_fields(node, fields.images, rewrite, lambda _: decided(None, entries[0].entry)) if fields.images else node
    )
    return item._replace(node=node)


def _in_containers(node: Node, rewrite: Callable[[Node], Node], done: dict[int, Node]) -> Node:
    """`done` so that what aliases share is walked once."""
    if not (node.is_mapping or node.is_list):
        return node
    known = done.get(id(node))
    if known is None:
        known = done[id(node)] = _rewritten_inside(node, rewrite, done)
    return known


def _rewritten_inside(node: Node, rewrite: Callable[[Node], Node], done: dict[int, Node]) -> Node:
    if node.is_list:
        items = [_in_containers(item, rewrite, done) for item in listed(node)]
        same = all(new is old for new, old in zip(items, listed(node), strict=True))
        return node if same else holding(node, items)
    new_pairs = {key: _in_containers(child, rewrite, done) for key, child in mapping(node).items()}
    for key in ("containers", "initContainers"):
        if key in new_pairs and new_pairs[key].is_list:
            new_pairs[key] = (
                changed(new_pairs[key], ("image",), rewrite) if _all_mappings(new_pairs[key]) else new_pairs[key]
            )
    same = all(child is mapping(node)[key] for key, child in new_pairs.items())
    return node if same else holding(node, new_pairs)


def _all_mappings(node: Node) -> bool:
    return all(item.is_mapping for item in listed(node))
