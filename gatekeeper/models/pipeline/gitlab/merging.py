"""What GitLab makes of several pieces of configuration: merges, `extends` and `!reference`.

Source: "Optimize GitLab CI/CD configuration files" of GitLab's documentation. Mappings are merged deeply, lists are
replaced. Each value keeps the place where it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import cast

from gatekeeper.node import Expression, Fault, Missing, Node, Open, Partly

DEPTH = 11  # levels of `extends`, and of references that lead to references
WORK = 300_000  # entries that all merges together copy: what real files need is a thousandth
LINES = 20_000  # commands of one script
RESERVED = frozenset(
    "default include stages types variables workflow image services cache before_script after_script spec".split()
)
REFERENCE = "!reference"
ELSEWHERE = "is in an include that cannot be read here"

Told = Callable[[Node, str], None]


class ExhaustedError(Exception):
    """Merging costs more than any file that people write."""


class Merger:
    """Merges within one budget."""

    def __init__(self) -> None:
        self.left = WORK

    def merged(self, low: Node, high: Node) -> Node:
        """`high` over `low`: two mappings key by key, anything else as `high` has it. Raises `ExhaustedError`."""
        if not low.is_mapping or not high.is_mapping:
            return high
        below, above = _entries(low), _entries(high)
        self.left -= len(below) + len(above) + 1
        if self.left < 0:
            raise ExhaustedError
        entries = dict(below)
        for key, value in above.items():
            entries[key] = self.merged(below[key], value) if key in below else value
        rest = next((each.rest for each in (above, below) if isinstance(each, Partly)), None)
        whole = Partly(entries, rest) if rest else entries
        return Node(whole, high.source, high.span, high.key, high.tag)


def _entries(node: Node) -> Mapping[str, Node]:
    return cast("Mapping[str, Node]", node.value)


def extended(root: Mapping[str, Node], missing: bool, merger: Merger, tell: Told) -> dict[str, Node]:
    """The entries with what they extend put under them. `missing`: some of the configuration cannot be read."""
    return _Extender(root, missing, merger, tell).all()


class _Extender:
    def __init__(self, root: Mapping[str, Node], missing: bool, merger: Merger, tell: Told) -> None:
        self.root = root
        self.missing = missing
        self.merger = merger
        self.tell = tell
        self.done: dict[str, Node] = {}
        self.under_way: list[str] = []

    def all(self) -> dict[str, Node]:
        return {name: self.one(name) for name in self.root}

    def one(self, name: str) -> Node:
        node = self.root[name]
        if name in self.done or not node.is_mapping or not node["extends"].present:
            return self.done.get(name, node)
        self.under_way.append(name)
        made: Node | None = None
        for parent in texts(node["extends"]):
            found = self.parent(node, parent)
            made = found if made is None else self.merger.merged(made, found)
        self.under_way.pop()
        result = node if made is None else self.merger.merged(made, node)
        self.done[name] = result
        return result

    def parent(self, child: Node, name: str) -> Node:
        at = child["extends"]
        empty = Node({}, child.source, child.span, child.key)
        if name in self.under_way:
            way = " -> ".join([*self.under_way[self.under_way.index(name) :], name])
            self.tell(at, f"extends itself: {short(way)}")
            return empty
        if len(self.under_way) > DEPTH:
            self.tell(at, f"extends more than {DEPTH} levels")
            return empty
        if name in self.root:
            found = self.one(name)
            return found if found.is_mapping else empty
        if not self.missing:
            self.tell(at, f"extends {short(name)}, which is nowhere in the configuration")
        return Open({}, child.source, child.span, child.key, ELSEWHERE)


class Referrer:
    """Puts what `!reference [job, key]` names in its place."""

    def __init__(self, root: Node, missing: bool, tell: Told) -> None:
        self.root = root
        self.missing = missing
        self.tell = tell
        self.done: dict[int, tuple[Node, Node]] = {}  # the node itself keeps its id from being given away
        self.under_way: list[int] = []

    def resolved(self, node: Node) -> Node:
        """The node with every reference below it put in; itself where there is none."""
        known = self.done.get(id(node))
        if known:
            return known[1]
        if node.tag == REFERENCE:
            made = self.target(node)
        elif node.is_mapping:
            made = self.mapping(node)
        elif node.is_list:
            items = [self.resolved(item) for item in node]
            same = all(a is b for a, b in zip(items, node, strict=True))
            made = node if same else Node(items, node.source, node.span, node.key, node.tag)
        else:
            made = node
        self.done[id(node)] = (node, made)
        return made

    def mapping(self, node: Node) -> Node:
        before = _entries(node)
        entries = {key: self.resolved(child) for key, child in before.items()}
        if all(entries[key] is before[key] for key in entries):
            return node
        return with_entries(node, entries)

    def target(self, node: Node) -> Node:
        steps = texts(node)
        words = f"!reference [{short(', '.join(steps))}]"
        empty = Node(None, node.source, node.span, node.key)
        found = self.root
        for step in steps:
            found = found[step]
        if isinstance(found, Missing) or not steps:
            if self.missing:
                return Node(Expression(words, ELSEWHERE), node.source, node.span, node.key)
            self.tell(node, f"{words} names nothing that is in the configuration")
            return empty
        if id(found) in self.under_way:
            self.tell(node, f"{words} leads back to itself")
            return empty
        if len(self.under_way) >= DEPTH:
            self.tell(node, f"{words} leads to more than {DEPTH - 1} further references")
            return empty
        self.under_way.append(id(found))
        made = self.resolved(found)
        self.under_way.pop()
        return Node(made.expression or made.value, made.source, made.span, node.key, made.tag)


def with_entries(node: Node, entries: dict[str, Node]) -> Node:
    """A mapping with other entries, of which as much is known as before."""
    value = Partly(entries, node.value.rest) if isinstance(node.value, Partly) else entries
    return Node(value, node.source, node.span, node.key, node.tag)


def flat(node: Node) -> Iterator[Node]:
    """The lines of a script or the rules of a list, out of the lists that references leave in one another."""
    open_ = [(node, 0)]
    for _ in range(LINES):
        if not open_:
            return
        each, depth = open_.pop()
        if each.known and each.is_list:
            open_ += [(item, depth + 1) for item in reversed(each.value)] if depth <= DEPTH else []
        elif each.present:
            yield each


def written(node: Node, key: str) -> Node:
    """What stands under a key of a mapping; Missing where nothing is known to, whatever else may be there."""
    value = node.value
    return value[key] if key in value else Missing(node, key)


def texts(node: Node) -> list[str]:
    """The texts of a scalar or of a list of them; what is not known is left out."""
    if not node.known or not node.present:
        return []
    if node.is_list:
        return [item.text for item in node if item.known and item.text]
    return [node.text] if node.text else []


def short(text: str) -> str:
    """A text from a file, cut to what a message can hold."""
    return text if len(text) <= 120 else f"{text[:117]}..."


def fault(at: Node, message: str) -> Fault:
    """Something in the configuration that GitLab would refuse."""
    return Fault(at.source, at.mark, message, technology="pipeline")
