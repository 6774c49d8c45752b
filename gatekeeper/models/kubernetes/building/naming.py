"""References by name, after names have changed: what a Deployment calls `config` is then `dev-config-7h5k2`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from gatekeeper.models.kubernetes.building.facts import Fields, FieldSpec, NameReference
from gatekeeper.models.kubernetes.building.items import NO_NAMESPACE, Item, label, name_of, namespace_of
from gatekeeper.models.kubernetes.building.nodes import (
    at,
    changed,
    holding,
    is_scalar,
    listed,
    mapping,
    text,
    with_field,
)
from gatekeeper.node import Node

Tell = Callable[[Node, str], None]


def renamed(items: list[Item], fields: Fields, tell: Tell) -> list[Item]:
    """The objects with every reference to one of them that was renamed, under its new name."""
    index: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        for name in dict.fromkeys(each.name for each in item.before):
            index[name].append(item)
    if not index:
        return items
    by_kind: dict[str, _Fields] = defaultdict(list)
    for reference in fields.name_reference:
        for spec in reference.fields:
            by_kind[spec.kind].append((reference, spec))
    return [_References(item, index, tell).followed(by_kind) for item in items]


_Fields = list[tuple[NameReference, FieldSpec]]


class _References:
    """The references of one object."""

    def __init__(self, item: Item, index: dict[str, list[Item]], tell: Tell) -> None:
        self.item = item
        self.id = item.id
        self.scoped = item.cluster_scoped
        self.index = index
        self.tell = tell
        self.others = self._namespaces_of_subjects()

    def followed(self, by_kind: dict[str, _Fields]) -> Item:
        first = self.item.original
        node = self.item.node
        for reference, spec in (*by_kind.get(first.kind, ()), *by_kind.get("", ())):
            if spec.means(first.group, first.version, first.kind):
                node = self._followed(node, reference, spec)
        return self.item if node is self.item.node else self.item._replace(node=node)

    def _followed(self, node: Node, reference: NameReference, spec: FieldSpec) -> Node:
        def change(found: Node) -> Node | None:
            if found.is_list:
                items = [change(item) or item for item in listed(found)]
                same = all(new is old for new, old in zip(items, listed(found), strict=True))
                return None if same else holding(found, items)
            if found.is_mapping:
                return self._mapping(found, reference, spec)
            return self._scalar(found, reference, spec) if is_scalar(found) else None

        return changed(node, spec.path, change)

    def _scalar(self, found: Node, reference: NameReference, spec: FieldSpec) -> Node | None:
        target = self._target(text(found), reference, spec, None, found)
        if target is None or name_of(target.node) == text(found):
            return None
        return holding(found, name_of(target.node))

    def _mapping(self, found: Node, reference: NameReference, spec: FieldSpec) -> Node | None:
        """A name with a namespace beside it: a subject, a webhook's service."""
        pairs = mapping(found)
        if "name" not in pairs:
            return None
        target = self._target(text(pairs["name"]), reference, spec, pairs.get("namespace"), found)
        if target is None:
            return None
        new = with_field(found, "name", _scalar_with(pairs["name"], name_of(target.node)))
        namespace = at(target.node, "metadata", "namespace")
        if namespace is None or not text(namespace):
            return new
        old = pairs.get("namespace")
        if old is not None and text(old) == text(namespace):
            return new
        return with_field(new, "namespace", Node(text(namespace), namespace.source, namespace.span, namespace.key))

    def _target(
        self, name: str, reference: NameReference, spec: FieldSpec, namespace: Node | None, by: Node
    ) -> Item | None:
        found = [item for item in self.index.get(name, ()) if self._may_mean(item)]
        if namespace is not None:
            found = _in_namespace(found, text(namespace))
        found = [item for item in found if any(reference.means(*each[:3]) for each in item.before)]
        if spec.path[-2:] == ("roleRef", "name"):
            found = self._of_role(found)
        found = [item for item in found if self._reaches(item)]
        if len(found) > 1:
            found = [item for item in found if _alike(item, self.item, loosely=True)]
        if len(found) > 1:
            found = [item for item in found if _alike(item, self.item, loosely=False)]
        if not found:
            return None
        names = {(name_of(item.node), namespace_of(item.node) if by.is_mapping else "") for item in found}
        if len(names) > 1:
            said = ", ".join(sorted(label(item.id) for item in found))
            self.tell(by, f"the name {name} could mean any of {said}")
            return None
        return found[0]

    def _may_mean(self, item: Item) -> bool:
        """Whether an object can be referred to from here at all."""
        of = item.id
        if self.scoped or of.namespace == NO_NAMESPACE or of.namespace == self.id.namespace:
            return True
        return namespace_of(item.node) in self.others

    def _reaches(self, item: Item) -> bool:
        of = item.id
        return (
            self.scoped
            or of.namespace == NO_NAMESPACE
            or of.kind == "ServiceAccount"
            or of.namespace == self.id.namespace
        )

    def _namespaces_of_subjects(self) -> set[str]:
        if self.id.kind != "RoleBinding":
            return set()
        return {
            text(mapping(subject)["namespace"])
            for subject in listed(mapping(self.item.node).get("subjects"))
            if text(mapping(subject).get("kind")) == "ServiceAccount" and "namespace" in mapping(subject)
        }

    def _of_role(self, found: list[Item]) -> list[Item]:
        role = at(self.item.node, "roleRef")
        group, kind = mapping(role).get("apiGroup"), mapping(role).get("kind")
        if group is None or kind is None:
            return found
        wanted = (text(group), text(kind))
        return [
            item
            for item in found
            if any(wanted[0] in ("", each.group) and wanted[1] in ("", each.kind) for each in item.before)
        ]


def _scalar_with(old: Node, name: str) -> Node:
    return old if text(old) == name else holding(old, name)


def _in_namespace(found: list[Item], namespace: str) -> list[Item]:
    """Those that were written in a namespace; when there are none at all, those that are in it now."""
    first = [item for item in found if item.original.namespace == namespace]
    return first or [item for item in found if item.id.namespace == namespace]


def _alike(item: Item, other: Item, *, loosely: bool) -> bool:
    """Whether the same was put around both names."""
    for one, two in ((item.prefixes, other.prefixes), (item.suffixes, other.suffixes)):
        if loosely and (not one or not two):
            continue
        shared = min(len(one), len(two))
        if not shared and one != two:
            return False
        if shared and one[-shared:] != two[-shared:]:
            return False
    return True
