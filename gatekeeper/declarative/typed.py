"""Operators that know what kind of value they look at: policies, address ranges, ports, images, literals.

    policy:       {effect: Allow, action: "*", resource: "*"}   # some statement of a policy document is like this
    world_open:   false            # no address range of the whole internet
    covers_port:  [22, 3389]       # "20-25", "*" and 22 cover port 22
    image_pinned: true             # a tag other than latest, or a digest
    literal:      false            # not written here as text: a reference is good

In `policy`, `action`, `resource` and `principal` hold where any pattern that the statement has is that text;
`service: s3` means `s3:*`; `condition: false` means a statement without one, or with one that everybody meets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gatekeeper.declarative.conditions import Context, Malformed, Operator, Result, Test, Truth, parts
from gatekeeper.models import Subject
from gatekeeper.models.address_ranges import is_wide
from gatekeeper.models.image import ImageReference
from gatekeeper.node import Node

_WORLD = frozenset(("*", "any", "internet", "<nw>/0", "/0"))
_PLACEHOLDERS = ("changeme", "change-me", "change_me", "placeholder", "example", "<", "todo", "xxx", "dummy")


def _flag(operand: Node) -> bool:
    if not isinstance(operand.value, bool):
        raise Malformed(operand, "expected true or false")
    return operand.value


def _any_item(node: Node, says: Any, texts: Iterable[str] | None = None) -> tuple[Truth, Node]:
    """Whether any item of a list, or the one value, is such; with the node that decides. `texts`, where nothing else
    is such: what is not known and cannot come to one of them is no doubt."""
    if not node.known:
        return (None, node) if texts is None or _may_be(node, texts) else (False, node)
    items = list(node) if node.is_list else [node]
    unknown = (item for item in items if not item.known)
    doubt = next((item for item in unknown if texts is None or _may_be(item, texts)), None)
    found = next((item for item in items if item.known and says(item)), None)
    if found is not None:
        return True, found
    return (None, doubt) if doubt is not None else (False, node)


def _may_be(node: Node, texts: Iterable[str]) -> bool:
    from gatekeeper.models.terraform.identity import may_be

    return may_be(node, texts)


def is_world(node: Node) -> bool:
    """Whether an address range is the whole internet, or a part of it that no network of one's own is as large as."""
    text = node.text.strip().lower()
    return text in _WORLD or is_wide(text)


def _world_open(operand: Node, kind: type[Subject]) -> Test:
    wanted = _flag(operand)

    def test(node: Node, context: Context) -> Result:
        truth, at = _any_item(node, is_world)
        return Result(None if truth is None else truth is wanted, (at,))

    return test


def _covers_port(operand: Node, kind: type[Subject]) -> Test:
    ports = [item.number for item in (operand if operand.is_list else (operand,))]
    if not all(isinstance(port, int) for port in ports):
        raise Malformed(operand, "expected ports: [22, 3389]")

    def covers(node: Node) -> bool:
        low, _, high = node.text.partition("-")
        if node.text.strip() in ("*", "all", "-1", "any", ""):
            return True
        try:
            first, last = int(low), int(high or low)
        except ValueError:
            return False
        return any(first <= port <= last for port in ports if port is not None)

    def test(node: Node, context: Context) -> Result:
        truth, at = _any_item(node, covers)
        return Result(truth, (at,))

    return test


def _image_pinned(operand: Node, kind: type[Subject]) -> Test:
    wanted = _flag(operand)

    def test(node: Node, context: Context) -> Result:
        pinned = _pinned(node)
        return Result(None if pinned is None else pinned is wanted, (node,))

    return test


def _pinned(node: Node) -> Truth:
    """Whether an image names a version, also where only its end is known (`${repository}:latest`)."""
    if node.known:
        image = ImageReference.parse(node.text)
        return bool(image.digest or image.tag not in ("", "latest"))
    *before, last = parts(node) or [""]
    if "@" in last or any("@" in part for part in before):
        return True
    _, colon, tag = last.rpartition(":")
    if colon and "/" not in tag:
        return tag != "latest"
    _, colon, tag = before[-1].rpartition(":") if before else ("", "", "")
    begins = bool(colon and tag and "/" not in tag and not last and not "latest".startswith(tag))
    return True if begins else None


def _literal(operand: Node, kind: type[Subject]) -> Test:
    wanted = _flag(operand)

    def test(node: Node, context: Context) -> Result:
        truth, at = _any_item(node, lambda item: isinstance(item.value, str) and is_literal(item.value))
        return Result(bool(truth) is wanted, (at,))  # what is not known here is not written here

    return test


def is_literal(text: str) -> bool:
    """Whether a text is a value of its own, and not a placeholder for one."""
    plain = text.strip().lower()
    return bool(plain) and not any(word in plain for word in _PLACEHOLDERS)


# policies


def _policy(operand: Node, kind: type[Subject]) -> Test:
    if not operand.is_mapping or not len(operand):
        raise Malformed(operand, 'expected what a statement is like: {effect: Allow, action: "*", resource: "*"}')
    for key, value in operand.items():
        if key not in _ASKED:
            at = Node(key, value.source, value.key or value.span)
            raise Malformed(at, f"unknown key {key!r}: there are {', '.join(_ASKED)}")
    asked = {key: value.plain for key, value in operand.items()}

    def test(node: Node, context: Context) -> Result:
        from gatekeeper.models.terraform.policy_documents import decoded

        document = decoded(node)
        if not document.known:
            return Result(None, (document,))
        doubts: list[Node] = []
        for statement in statements(document):
            truth, at = _like(statement, asked)
            if truth:
                return Result(True, (at,))
            if truth is None:
                doubts.append(at)
        return Result(None, tuple(doubts)) if doubts else Result(False, (node,))

    return test


_ASKED = ("effect", "action", "resource", "principal", "service", "condition")


def statements(document: Node) -> Iterator[Node]:
    """The statements of a decoded policy document; one that is not known as such."""
    found = document["Statement"]
    if found.expression:
        yield found
    else:
        yield from found if found.is_list else [found] if found.is_mapping else []


def _like(statement: Node, asked: dict[str, Any]) -> tuple[Truth, Node]:
    """Whether a statement is as asked, and where that shows."""
    if not statement.known:
        return None, statement
    shown: Node = statement
    unknown: Node | None = None
    for key, wanted in asked.items():
        truth, at = _part(statement, key, wanted)
        if truth is False:
            return False, at
        if truth is None:
            unknown = at
        elif key in ("action", "service", "principal"):
            shown = at
    return (None, unknown) if unknown is not None else (True, shown)


def _part(statement: Node, key: str, wanted: Any) -> tuple[Truth, Node]:
    if key == "effect":
        effect = statement["Effect"]
        return (None, effect) if not effect.known else (effect.text == wanted, effect)
    if key == "condition":
        condition = statement["Condition"]
        written: Truth = None if condition.expression else bool(condition.present and len(condition))
        if written and wanted is False and condition.is_mapping and not _limits(condition):
            written = False
        return (None if written is None else written is wanted), condition
    if key == "principal":
        others = statement["NotPrincipal"]
        if others.present and wanted == "*" and statement["Effect"].known and statement["Effect"].text == "Allow":
            return True, others  # everybody but these
        return _principal(statement["Principal"], wanted)
    if key == "service":
        whole = f"{wanted}:*".lower()
        return _any_item(statement["Action"], lambda item: item.text.lower() == whole, [whole])
    texts = {str(text).lower() for text in (wanted if isinstance(wanted, list) else [wanted])}
    node = statement["Action" if key == "action" else "Resource"]
    return _any_item(node, lambda item: item.text.lower() in texts, texts) if node.present else (False, statement)


def _principal(node: Node, wanted: str) -> tuple[Truth, Node]:
    if not node.known or not node.is_mapping:
        return (None, node) if not node.known else (node.text == wanted, node)
    doubt: Node | None = None
    for _, inner in node.items():  # noqa: PERF102  # a node's items, not a dict's
        truth, at = _any_item(inner, lambda item: item.text == wanted, [wanted])
        if truth:
            return True, at
        doubt = at if truth is None else doubt
    return (None, doubt) if doubt is not None else (False, node)


def _limits(condition: Node) -> bool:
    from gatekeeper.models.terraform.identity import limits

    return limits(condition)


TYPED = {
    "policy": Operator(_policy),
    "world_open": Operator(_world_open, absent=True),
    "covers_port": Operator(_covers_port),
    "image_pinned": Operator(_image_pinned),
    "literal": Operator(_literal, absent=True),
}
