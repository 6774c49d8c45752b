"""Strategic merge patches and JSON patches over nodes, as kustomize applies them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gatekeeper.models.kubernetes.building.facts import FIELDS, TYPES, ListRule, Type
from gatekeeper.models.kubernetes.building.nodes import holding, is_scalar, listed, mapping, text, with_field
from gatekeeper.node import Node, Unresolved


class Refused(Exception):
    """A patch that kustomize would not apply: where it says so, and why."""

    def __init__(self, at: Node, message: str) -> None:
        super().__init__(message)
        self.at = at


# strategic merge

_DIRECTIVE = "$patch"


def merge(target: Node, patch: Node) -> Node | None:
    """The object with the patch merged in; None when the patch deletes it. Raises `Refused`."""
    return _merge(target, patch, "")


def _type(known: Type, target: Node | None, patch: Node | None) -> Type:
    """What is known about a mapping: by where it stands, else by its own apiVersion and kind."""
    if known:
        return known
    for node in (target, patch):
        pairs = mapping(node)
        version, kind = text(pairs.get("apiVersion")), text(pairs.get("kind"))
        if version and kind:
            return TYPES.get(f"{version} {kind}", "")
    return ""


def _merge(target: Node | None, patch: Node | None, known: Type | ListRule) -> Node | None:
    first = next((node for node in (target, patch) if node is not None and node.present), None)
    if first is None:
        return target if patch is None else None
    for node in (target, patch):
        if node is not None and node.present and _shape(node) != _shape(first):
            assert patch is not None
            raise Refused(patch, f"the patch has {_shape(patch)} where the object has {_shape(first)}")
    if first.is_mapping:
        return _merge_mapping(target, patch, known if isinstance(known, str) else "")
    if first.is_list:
        if isinstance(known, ListRule):
            return _merge_list(target, patch, known)
        return target if patch is None else (patch if patch.present else None)
    return target if patch is None else (patch if patch.present else None)


def _shape(node: Node) -> str:
    return "a mapping" if node.is_mapping else "a list" if node.is_list else "a value"


def _merge_mapping(target: Node | None, patch: Node | None, known: Type) -> Node | None:
    known = _type(known, target, patch)
    if patch is None:
        return target if target is None else _tidy(target, known)
    if not patch.present:
        return None
    directive, patch = _mapping_directive(patch)
    if directive == "delete":
        return None
    if directive == "replace" or target is None or not target.present:
        target = patch
    fields = FIELDS.get(known, {})
    merged: dict[str, Node] = {}
    wanted = mapping(patch)
    held = mapping(target)
    for key in (*held, *(key for key in wanted if key not in held)):
        child = _merge(held.get(key), wanted.get(key), fields.get(key, ""))
        if child is not None:
            merged[key] = child
    return _same_or(target, merged)


def _same_or(target: Node, merged: dict[str, Node]) -> Node:
    held = mapping(target)
    same = len(held) == len(merged) and all(held.get(key) is child for key, child in merged.items())
    return target if same else holding(target, merged)


def _tidy(target: Node, known: Type) -> Node:
    """What a merge leaves of a part that the patch does not name: of items with one key, only the last is kept."""
    for field, rule in FIELDS.get(known, {}).items():
        child = mapping(target).get(field)
        if child is not None and child.present:
            target = with_field(target, field, _merge(child, None, rule))
    return target


def _mapping_directive(patch: Node) -> tuple[str, Node]:
    node = mapping(patch).get(_DIRECTIVE)
    if node is None:
        return "merge", patch
    return _known_directive(node), with_field(patch, _DIRECTIVE, None)


def _known_directive(node: Node) -> str:
    directive = text(node)
    if directive not in ("merge", "replace", "delete"):
        raise Refused(node, f"$patch: {directive} is no directive of a patch")
    return directive


def _list_directive(patch: Node) -> tuple[str, Node]:
    for item in listed(patch):
        if mapping(item).keys() == {_DIRECTIVE}:
            directive = _known_directive(mapping(item)[_DIRECTIVE])
            return directive, holding(patch, [each for each in listed(patch) if each is not item])
    return "merge", patch


def _merge_list(target: Node | None, patch: Node | None, rule: ListRule) -> Node | None:
    if patch is not None:
        if not patch.present:
            return None
        directive, patch = _list_directive(patch)
        if directive == "delete":
            return None
        if directive == "replace" or target is None or not target.present:
            target = patch
    assert target is not None
    held, wanted = listed(target), listed(patch)
    if patch is None and len(held) == 1 and not rule.items:
        return target
    if not rule.keys:
        merged = _merge_scalars(held, wanted)
    else:
        merged = (_merge_by_key if len(rule.keys) == 1 else _merge_by_keys)(held, wanted, rule)
    same = len(held) == len(merged) and all(new is old for new, old in zip(merged, held, strict=True))
    if same:
        return target
    return holding(target, merged) if merged or not held else None


def _merge_scalars(held: list[Node], wanted: list[Node]) -> list[Node]:
    by_text: dict[str, Node] = {}
    for item in (*wanted, *held):
        by_text.setdefault(text(item) if is_scalar(item) else str(id(item)), item)
    return list(by_text.values())


def _merge_by_key(held: list[Node], wanted: list[Node], rule: ListRule) -> list[Node]:
    """Items of the patch first, merged with those of the same key; what has no key is put behind as it is."""
    key = rule.keys[0]
    first: dict[str, Node] = {}
    last: dict[str, Node] = {}
    for item in held:
        name = _key_of(item, key)
        first.setdefault(name, item)
        last[name] = item
    patches: dict[str, Node] = {}
    for item in wanted:
        patches.setdefault(_key_of(item, key), item)
    merged: dict[str, Node] = {}
    for name in (*patches, *(name for name in last if name not in patches)):
        if not name:
            continue
        base = first.get(name)
        if base is not None and base is not last[name] and name not in patches:
            base = last[name]
        child = _merge(base, patches.get(name), rule.items)
        if child is not None and mapping(child):
            merged[name] = child
    without = [item for item in (*wanted, *held) if not _key_of(item, key) and not _only_deletes(item)]
    return [*merged.values(), *_once(without)]


def _once(items: list[Node]) -> list[Node]:
    return list({id(item): item for item in items}.values())


def _only_deletes(item: Node) -> bool:
    return _DIRECTIVE in mapping(item)


def _key_of(item: Node, key: str) -> str:
    node = mapping(item).get(key)
    return text(node) if node is not None and is_scalar(node) else ""


Values = tuple[str, ...]
_MANY = 1000  # comparing each with each; a container of real files has a dozen ports


def _merge_by_keys(held: list[Node], wanted: list[Node], rule: ListRule) -> list[Node]:
    """Lists with several keys (ports by number and protocol), one of which may be left out.

    Where one side names a key and the other does not, kustomize keeps what it held: that is how it is applied.
    """
    if len(held) + len(wanted) > _MANY:
        raise Refused((wanted or held)[0], f"a list of more than {_MANY} items is not merged by several keys")
    values: list[Values] = []
    for item in (*wanted, *held):
        of_item = tuple(_key_of(item, key) for key in rule.keys)
        if of_item not in values:
            values.append(of_item)
    values = _filled(values)
    used = [i for i in range(len(rule.keys)) if any(each[i] for each in values)] or list(range(len(rule.keys)))
    added: list[Node] = []
    held = list(held)
    for each in values:
        here = [i for i in used if each[i]]
        find = {rule.keys[i]: each[i] for i in here}
        base, patch = _found(held, find), _found(wanted, find)
        child = _merge(base, patch, rule.items)
        full = {rule.keys[i]: each[i] for i in used}
        if child is None or not mapping(child):
            held = [item for item in held if not _has(item, full)]
            continue
        if base is not None and child is not base:
            held = [child if item is base else item for item in held]
        added = _set(added, child, full)
    keys = [rule.keys[i] for i in used]
    for item in held:
        present = {key: text(mapping(item)[key]) for key in keys if key in mapping(item)}
        if len(present) < len(keys):
            added.append(item)
        if len(keys) > 1:
            added = [other for other in added if not _has(other, present)]
        added = _set(added, item, present)
    return _once(added)


def _filled(values: list[Values]) -> list[Values]:
    """Two that share a part and differ only in what one leaves out are the same."""
    filled = list(values)
    for i in range(len(filled)):
        for j in range(len(filled)):
            one, other = filled[i], filled[j]
            shared = any(a == b for a, b in zip(one, other, strict=True))
            if shared and all(a == b or not a or not b for a, b in zip(one, other, strict=True)):
                filled[i] = filled[j] = tuple(a or b for a, b in zip(one, other, strict=True))
    return filled


def _has(item: Node, find: dict[str, str]) -> bool:
    pairs = mapping(item)
    return bool(pairs) and all(key in pairs and (not value or text(pairs[key]) == value) for key, value in find.items())


def _found(items: list[Node], find: dict[str, str]) -> Node | None:
    return next((item for item in items if find and _has(item, find)), None)


def _set(items: list[Node], item: Node, find: dict[str, str]) -> list[Node]:
    if any(_has(each, find) for each in items):
        return [item if _has(each, find) else each for each in items]
    return [*items, item]


_DEPTH = 150
_SIZE = 250_000


def refuse_large(value: Node, at: Node, below: int) -> None:
    """Raises `Refused` for a value that would make an object deeper or larger than any real one.

    Parts may be shared (an alias, a copy of a copy): what counts is what they expand to.
    """
    measured: dict[int, tuple[int, int]] = {}

    def measure(node: Node, depth: int) -> tuple[int, int]:
        known = measured.get(id(node))
        if known is not None:
            return known
        if depth > _DEPTH:
            raise Refused(at, f"it would nest deeper than {_DEPTH} levels")
        inside = [measure(child, depth + 1) for child in (*mapping(node).values(), *listed(node))]
        measured[id(node)] = 1 + sum(size for size, _ in inside), 1 + max((deep for _, deep in inside), default=0)
        return measured[id(node)]

    size, deep = measure(value, below)
    if size > _SIZE or deep + below > _DEPTH:
        raise Refused(at, f"it would grow beyond {_SIZE} nodes or {_DEPTH} levels")


# JSON patches (RFC 6902)

_INDEX = re.compile(r"-?[0-9]{1,6}\Z")


def json_patch(target: Node, operations: Node) -> Node:
    """The object with the operations done in order. Raises `Refused` where kustomize gives up."""
    for operation in listed(operations):
        does = _OPERATIONS.get(text(mapping(operation).get("op")))
        if does is None:
            raise Refused(operation, "an operation of a JSON patch has no `op` that JSON Patch knows")
        target = does(target, operation)
    return target


def _steps(operation: Node, field: str = "path") -> list[str]:
    pointer = text(mapping(operation).get(field))
    if not pointer.startswith("/"):
        raise Refused(operation, f"`{field}` of a JSON patch starts with /")
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]


def _change(node: Node, steps: list[str], operation: Node, change: Callable[[Node, str], Node]) -> Node:
    """The node with `change` made to the container that holds the last step."""
    if len(steps) == 1:
        return change(node, steps[0])
    child = _child(node, steps[0])
    if child is None or not (child.is_mapping or child.is_list):
        raise _nothing(operation)
    new = _change(child, steps[1:], operation, change)
    if new is child:
        return node
    if node.is_list:
        items = listed(node)
        index = _index(steps[0], len(items))
        return holding(node, [new if i == index else item for i, item in enumerate(items)])
    return with_field(node, steps[0], new)


def _nothing(operation: Node) -> Refused:
    pairs = mapping(operation)
    path = pairs.get("path", operation)
    return Refused(path, f"the object has no {text(path)} to {text(pairs.get('op'))}")


def _child(node: Node, step: str) -> Node | None:
    if node.is_mapping:
        return mapping(node).get(step)
    items = listed(node)
    index = _index(step, len(items))
    return items[index] if index is not None else None


def _index(step: str, size: int) -> int | None:
    if not _INDEX.match(step):
        return None
    index = int(step)
    return index + size if -size <= index < 0 else index if 0 <= index < size else None


def _value(operation: Node) -> Node:
    pairs = mapping(operation)
    if "value" not in pairs:
        raise Refused(operation, f"the operation `{text(pairs.get('op'))}` has no value")
    return pairs["value"]


def _put(operation: Node, value: Node) -> Callable[[Node, str], Node]:
    refuse_large(value, operation, len(_steps(operation)))

    def put(container: Node, step: str) -> Node:
        if container.is_mapping:
            return with_field(container, step, value)
        items = listed(container)
        index = len(items) if step == "-" else _index(step, len(items) + 1)
        if not container.is_list or index is None:
            raise _nothing(operation)
        return holding(container, [*items[:index], value, *items[index:]])

    return put


def _add(target: Node, operation: Node) -> Node:
    return _change(target, _steps(operation), operation, _put(operation, _value(operation)))


def _remove(target: Node, operation: Node, field: str = "path") -> Node:
    def remove(container: Node, step: str) -> Node:
        if container.is_mapping and step in mapping(container):
            return with_field(container, step, None)
        items = listed(container)
        index = _index(step, len(items))
        if index is None:
            raise _nothing(operation)
        return holding(container, [*items[:index], *items[index + 1 :]])

    return _change(target, _steps(operation, field), operation, remove)


def _replace(target: Node, operation: Node) -> Node:
    value = _value(operation)

    def replace(container: Node, step: str) -> Node:
        if container.is_mapping:
            return with_field(container, step, value)
        items = listed(container)
        index = _index(step, len(items))
        if index is None:
            raise _nothing(operation)
        return holding(container, [*items[:index], value, *items[index + 1 :]])

    return _change(target, _steps(operation), operation, replace)


def _looked_up(target: Node, operation: Node, field: str) -> Node:
    node: Node | None = target
    for step in _steps(operation, field):
        node = _child(node, step) if node is not None else None
    if node is None:
        raise _nothing(operation)
    return node


def _copy(target: Node, operation: Node) -> Node:
    value = _looked_up(target, operation, "from")
    return _change(target, _steps(operation), operation, _put(operation, value))


def _move(target: Node, operation: Node) -> Node:
    value = _looked_up(target, operation, "from")
    without = _remove(target, operation, "from")
    return _change(without, _steps(operation), operation, _put(operation, value))


def _test(target: Node, operation: Node) -> Node:
    wanted = mapping(operation).get("value")
    try:
        found = _looked_up(target, operation, "path")
    except Refused:
        found = None
    if _plain(found) != _plain(wanted):
        raise Refused(operation, f"a test of the patch fails at {text(mapping(operation).get('path'))}")
    return target


def _plain(node: Node | None) -> Any:
    try:
        return None if node is None or not node.present else node.plain
    except Unresolved as unresolved:
        raise Refused(unresolved.node, "a test of the patch is about a value that is not known") from None


_OPERATIONS: dict[str, Callable[[Node, Node], Node]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "copy": _copy,
    "move": _move,
    "test": _test,
}
