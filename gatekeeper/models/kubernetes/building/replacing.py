"""`replacements`: a value of one object written into fields of others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from gatekeeper.models.kubernetes.building.items import Id, Item, Target, Unclear
from gatekeeper.models.kubernetes.building.merging import Refused, refuse_large
from gatekeeper.models.kubernetes.building.nodes import (
    decided,
    holding,
    is_scalar,
    listed,
    mapping,
    plain_scalar,
    said,
    text,
    with_field,
)
from gatekeeper.node import Expression, Node

_NAME = "metadata.name"
_MANY = 200  # replacements and targets of one kustomization; real ones have a dozen


def replaced(items: list[Item], entry: Node) -> list[Item]:
    """The objects with one replacement made. Raises `Refused`, `Unclear`."""
    value = _value(items, entry)
    targets = listed(mapping(entry).get("targets"))
    if not targets or len(targets) > _MANY:
        raise Refused(entry, f"a replacement has one to {_MANY} targets")
    for target in targets:
        items = _into(items, target, value)
    return items


def _value(items: list[Item], entry: Node) -> Node:
    pairs = mapping(entry)
    if "sourceValue" in pairs:
        return pairs["sourceValue"]
    source = pairs.get("source")
    if source is None or not source.is_mapping:
        raise Refused(entry, "a replacement has no source")
    found = [item for item in items if any(_selected(each, source) for each in item.ids)]
    if len(found) != 1:
        raise Refused(source, f"the source of a replacement means {len(found) or 'none'} of the objects, not one")
    path = text(mapping(source).get("fieldPath")) or _NAME
    node: Node | None = found[0].node
    for step in split(path):
        node = _looked_up(node, step) if node is not None else None
    if node is None or not node.present:
        raise Refused(source, f"the source of a replacement has no {path}")
    if not is_scalar(node):
        refuse_large(node, source, 1)
    return _part(node, mapping(source).get("options"), source)


def _part(node: Node, options: Node | None, source: Node) -> Node:
    delimiter = text(mapping(options).get("delimiter"))
    if not delimiter or not node.known:
        return node
    parts = text(node).split(delimiter)
    index = _index(options)
    if not is_scalar(node) or not 0 <= index < len(parts):
        raise Refused(source, f"the source of a replacement has no part {index}")
    return holding(node, parts[index])


def _index(options: Node | None) -> int:
    node = mapping(options).get("index")
    number = node.number if node is not None and node.known else None
    return int(number) if number is not None else 0


def _selected(of: Id, source: Node) -> bool:
    pairs = mapping(source)
    return all(
        not text(pairs.get(key)) or text(pairs[key]) == getattr(of, key)
        for key in ("group", "version", "kind", "name", "namespace")
    )


def split(path: str) -> list[str]:
    """The steps of `a.b.[name=x.y].c`: what stands in brackets stays together, a dot may be escaped."""
    parts: list[str] = []
    for part in path.split("."):
        if parts and parts[-1].endswith("\\"):
            parts[-1] = f"{parts[-1][:-1]}.{part}"
        elif parts and parts[-1].startswith("[") and not parts[-1].endswith("]"):
            parts[-1] = f"{parts[-1]}.{part}"
        else:
            parts.append(part)
    return [part if "=" in part or not part.startswith("[") else part.strip("[]") for part in parts if part]


def _looked_up(node: Node, step: str) -> Node | None:
    if node.is_list:
        items = listed(node)
        if step.isdigit() or step == "-":
            index = int(step[:6]) if step != "-" else len(items) - 1
            return items[index] if 0 <= index < len(items) else None
        key, value = _condition(step)
        for item in items:
            if key and text(mapping(item).get(key)) == value:
                return item
            if not key and is_scalar(item) and text(item) == value:
                return item
        return None
    return mapping(node).get(step)


def _condition(step: str) -> tuple[str, str]:
    """`[name=nginx]`; no key where the item itself is meant."""
    key, _, value = step.removeprefix("[").removesuffix("]").partition("=")
    return key, value


# into the targets


def _into(items: list[Item], target: Node, value: Node) -> list[Item]:
    pairs = mapping(target)
    select = pairs.get("select")
    if select is None or not select.is_mapping:
        raise Refused(target, "a target of a replacement selects nothing")
    wanted = Target.of(select)
    rejected = [Target.of(each) for each in listed(pairs.get("reject"))]
    paths = [text(each) for each in listed(pairs.get("fieldPaths"))] or [_NAME]
    done = []
    for item in items:
        if _meant(item, wanted) and wanted.marked(item) and not any(_rejects(each, item) for each in rejected):
            for path in paths:
                item = item._replace(node=_Writing(pairs.get("options"), value, target).into(item.node, split(path)))
        done.append(item)
    return done


def _meant(item: Item, target: Target) -> bool:
    return any(_matches(each, target) for each in item.ids)


def _matches(of: Id, target: Target) -> bool:
    wanted = (target.group, target.version, target.kind, target.name, target.namespace)
    return all(each is None or each.fullmatch(name) for each, name in zip(wanted, of, strict=True))


def _rejects(target: Target, item: Item) -> bool:
    names = any(target[:5]) and _meant(item, target)
    marks = bool(target.labels or target.annotations) and target.marked(item)
    return names or marks


class _Writing:
    """One value written at one path; every item of a list that the path means gets it."""

    def __init__(self, options: Node | None, value: Node, target: Node) -> None:
        self.delimiter = text(mapping(options).get("delimiter"))
        self.index = _index(options)
        self.create = options is not None and said(options["create"])
        self.value = value
        self.target = target
        self.found = False

    def into(self, node: Node, steps: list[str]) -> Node:
        new = self._into(node, steps)
        if not self.found:
            raise Refused(self.target, f"a target of a replacement has no {'.'.join(steps)}")
        return new

    def _into(self, node: Node, steps: list[str]) -> Node:
        if not steps:
            self.found = True
            return self._written(node)
        if is_scalar(node):  # text that holds JSON or YAML: newer versions write inside it
            self.found = True
            by = decided(Expression(text(node), "is written into by a replacement"), self.target)
            return holding(node, by.expression)
        step, rest = steps[0], steps[1:]
        if node.is_list:
            return self._into_list(node, step, rest)
        child = mapping(node).get(step)
        if child is None or (not child.present and self.create):
            if not self.create:
                return node
            child = decided(self._fresh(rest), self.target)
        return with_field(node, step, self._into(child, rest))

    def _fresh(self, rest: list[str]) -> Any:
        if not rest:
            return None if is_scalar(self.value) else {} if self.value.is_mapping else []
        return [] if rest[0].startswith("[") or rest[0].isdigit() else {}

    def _into_list(self, node: Node, step: str, rest: list[str]) -> Node:
        items = list(listed(node))
        chosen = list(self._chosen(items, step))
        if not chosen and self.create:
            made = self._made(step, rest, len(items))
            if made is not None:
                chosen, items = [len(items)], [*items, made]
        for i in chosen:
            items[i] = self._into(items[i], rest)
        return holding(node, items) if chosen else node

    def _chosen(self, items: list[Node], step: str) -> Iterator[int]:
        if step == "*":
            yield from range(len(items))
        elif step.isdigit():
            if int(step[:6]) < len(items):
                yield int(step[:6])
        elif step.startswith("["):
            key, value = _condition(step)
            fits = _searching(value)
            for i, item in enumerate(items):
                node = mapping(item).get(key) if key else item
                if node is not None and is_scalar(node) and fits(text(node)):
                    yield i

    def _made(self, step: str, rest: list[str], size: int) -> Node | None:
        if step.isdigit() and int(step[:6]) == size:
            return decided(self._fresh(rest), self.target)
        if not step.startswith("["):
            return None
        key, value = _condition(step)
        return decided({key: decided(value, self.target)} if key else value, self.target)

    def _written(self, old: Node) -> Node:
        value = self.value
        if not value.known or not is_scalar(value):
            return decided(value.expression or value.value, value)
        new = text(value)
        if self.delimiter:
            if not old.known:
                return decided(Expression(new, "is one part of a value that is not known"), value)
            new = self._joined(text(old), new)
        if old.is_mapping or old.is_list:
            return decided(value.value if not self.delimiter else new, value)
        by = value if not self.delimiter else self.target
        return decided(new if isinstance(old.value if old.known else None, str) else plain_scalar(new), by)

    def _joined(self, old: str, new: str) -> str:
        parts = old.split(self.delimiter)
        if self.index < 0:
            parts = [new, *parts]
        elif self.index >= len(parts):
            parts.append(new)
        else:
            parts[self.index] = new
        return self.delimiter.join(parts)


def _searching(value: str) -> Callable[[str], bool]:
    """A condition's value is an expression that may match anywhere: usual ones are plain names."""
    if not re.fullmatch(r"\^?[\w./:-]*\$?", value):
        raise Unclear(value)
    wanted = re.compile(value)
    return lambda found: wanted.search(found) is not None
