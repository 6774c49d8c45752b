"""The objects of a build on their way: what they are called now and were called before, and how they are selected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gatekeeper.models.kubernetes.building.facts import CLUSTER_SCOPED
from gatekeeper.models.kubernetes.building.nodes import at, holding, mapping, text, with_field
from gatekeeper.models.kubernetes.selector import LabelSelector, Requirement
from gatekeeper.node import Node

NO_NAMESPACE = "_non_namespaceable_"


class Id(NamedTuple):
    """What makes an object that one: the namespace is `default` where none is written, `NO_NAMESPACE` where none is."""

    group: str
    version: str
    kind: str
    name: str
    namespace: str


class Item(NamedTuple):
    """An object of a build, its earlier names (the original first), and what was put around its name."""

    node: Node
    before: tuple[Id, ...] = ()
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    behavior: str = ""
    hashed: bool = False

    @property
    def id(self) -> Id:
        pairs = mapping(self.node)
        metadata = mapping(pairs.get("metadata"))
        api, kind = text(pairs.get("apiVersion")), text(pairs.get("kind"))
        namespace = NO_NAMESPACE if f"{api} {kind}" in CLUSTER_SCOPED else text(metadata.get("namespace")) or "default"
        return Id(*group_version(api), kind, text(metadata.get("name")), namespace)

    @property
    def original(self) -> Id:
        return self.before[0] if self.before else self.id

    @property
    def ids(self) -> tuple[Id, ...]:
        return (*self.before, self.id)

    @property
    def cluster_scoped(self) -> bool:
        pairs = mapping(self.node)
        return f"{text(pairs.get('apiVersion'))} {text(pairs.get('kind'))}" in CLUSTER_SCOPED

    def renamed(self, name: str) -> Item:
        """The object under another name, which stays at its place: that is where people look for the object."""
        old = at(self.node, "metadata", "name")
        if old is None:
            return self
        metadata = with_field(mapping(self.node)["metadata"], "name", holding(old, name))
        return self._replace(node=with_field(self.node, "metadata", metadata))

    def remembering(self) -> Item:
        """The object with its name of now among the earlier ones."""
        return self._replace(before=(*self.before, self.id))


def group_version(api_version: str) -> tuple[str, str]:
    group, slash, version = api_version.partition("/")
    return (group, version) if slash else ("", group)


def name_of(node: Node) -> str:
    return text(at(node, "metadata", "name"))


def namespace_of(node: Node) -> str:
    return text(at(node, "metadata", "namespace"))


class Clash(Exception):
    """Two objects of one build that are the same."""

    def __init__(self, item: Item, other: Item) -> None:
        super().__init__(f"{label(item.id)} stands twice in one build")
        self.item = item
        self.other = other


class Pool:
    """The objects of a build so far, in order; no two with one id."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self.items: list[Item] = []
        self._ids: dict[Id, int] = {}
        for item in items:
            self.add(item)

    def add(self, item: Item) -> None:
        """Raises `Clash` for an object that is there already."""
        known = self._ids.setdefault(item.id, len(self.items))
        if known != len(self.items):
            raise Clash(item, self.items[known])
        self.items.append(item)

    def set(self, items: Iterable[Item]) -> list[Clash]:
        """Take these instead; the clashes among them, which are left out."""
        self.items, self._ids = [], {}
        clashes = []
        for item in items:
            try:
                self.add(item)
            except Clash as clash:
                clashes.append(clash)
        return clashes

    def called(self, wanted: Id) -> list[int]:
        """Where the objects stand that are, or were, called so."""
        return [i for i, item in enumerate(self.items) if wanted in item.before or wanted == item.id]


def label(of: Id) -> str:
    namespace = "" if of.namespace in (NO_NAMESPACE, "default") else f"{of.namespace}/"
    return f"{of.kind}/{namespace}{of.name}"


# selectors


class Unclear(Exception):
    """An expression that is not read: it might mean anything."""


_LITERAL = re.compile(r"[\w./-]*\Z")
_PIECE = re.compile(r"[\w./-]|\\\.")
_WILD = re.compile(r"\.[*+]")
_ANY_OF = 20


def pattern(text_: str) -> re.Pattern[str] | None:
    """An anchored expression as a target writes it; None for none. Raises `Unclear` for all but the usual forms.

    Usual are names, `.*` and `.+` (two at the most: more would be slow on a long name), and such joined by `|`.
    """
    if not text_:
        return None
    body = text_.removeprefix("^").removesuffix("$")
    if body.startswith("(") and body.endswith(")") and "(" not in body[1:]:
        body = body[1:-1].removeprefix("?:")
    branches = body.split("|")
    if len(branches) > _ANY_OF:
        raise Unclear(text_)
    for branch in branches:
        rest, wild = _WILD.subn("", branch.removeprefix("^").removesuffix("$"))
        if wild > 2 or _PIECE.sub("", rest):
            raise Unclear(text_)
    return re.compile(f"(?:{body})")


class Target(NamedTuple):
    """Which objects a patch or a replacement is for."""

    group: re.Pattern[str] | None
    version: re.Pattern[str] | None
    kind: re.Pattern[str] | None
    name: re.Pattern[str] | None
    namespace: re.Pattern[str] | None
    labels: LabelSelector | None
    annotations: LabelSelector | None

    @classmethod
    def of(cls, node: Node) -> Target:
        """Raises `Unclear`."""
        pairs = mapping(node)
        group, version, kind, name, namespace = (
            pattern(text(pairs.get(key))) for key in ("group", "version", "kind", "name", "namespace")
        )
        labels, annotations = (
            selector(text(pairs.get(key))) if text(pairs.get(key)) else None
            for key in ("labelSelector", "annotationSelector")
        )
        return cls(group, version, kind, name, namespace, labels, annotations)

    def means(self, item: Item) -> bool:
        now, first = item.id, item.original
        return (
            _fits(self.namespace, now.namespace, first.namespace)
            and _fits(self.name, now.name, first.name)
            and _fits(self.group, now.group)
            and _fits(self.version, now.version)
            and _fits(self.kind, now.kind)
            and self.marked(item)
        )

    def marked(self, item: Item) -> bool:
        """Whether labels and annotations are those asked for."""
        return _has(self.labels, at(item.node, "metadata", "labels")) and _has(
            self.annotations, at(item.node, "metadata", "annotations")
        )


def _fits(wanted: re.Pattern[str] | None, *names: str) -> bool:
    return wanted is None or any(len(name) < 1000 and wanted.fullmatch(name) for name in names)


def _has(wanted: LabelSelector | None, marks: Node | None) -> bool:
    return wanted is None or wanted.matches({key: text(value) for key, value in mapping(marks).items()})


_IN = re.compile(r"(\S+)\s+(in|notin)\s+\(([^()]*)\)\Z")


def selector(written_: str) -> LabelSelector:
    """A label selector in one line: `a=b,c!=d,e in (x,y),!f,g`. Raises `Unclear`."""
    return LabelSelector(tuple(_requirement(part.strip(), written_) for part in _parts(written_)))


def _parts(written_: str) -> Iterator[str]:
    """The requirements: commas inside parentheses part the values."""
    begin, inside = 0, False
    for i, letter in enumerate(written_):
        if letter in "()":
            inside = letter == "("
        elif letter == "," and not inside:
            yield written_[begin:i]
            begin = i + 1
    yield written_[begin:]


def _requirement(part: str, whole: str) -> Requirement:
    listed_ = _IN.match(part) if " " in part and len(part) < 10_000 else None
    if listed_:
        values = frozenset(value.strip() for value in listed_[3].split(","))
        return Requirement(listed_[1], "In" if listed_[2] == "in" else "NotIn", values)
    for sign, operator in (("!=", "NotIn"), ("==", "In"), ("=", "In")):
        key, found, value = part.partition(sign)
        if found and key:
            return _plain(key.strip(), operator, value.strip(), whole)
    key = part.removeprefix("!").strip()
    return _plain(key, "DoesNotExist" if part.startswith("!") else "Exists", "", whole)


def _plain(key: str, operator: str, value: str, whole: str) -> Requirement:
    if not key or not _LITERAL.match(key) or not _LITERAL.match(value):
        raise Unclear(whole)
    return Requirement(key, operator, frozenset({value}) if operator in ("In", "NotIn") else frozenset())
