"""One configuration of GitLab CI, out of all the files that it is written in.

Source: "Use CI/CD configuration from other files" of GitLab's documentation. Files of the repository are read; those of
other projects, hosts and the catalog only where a copy lies in `.gatekeeper/vendor/` or the table of GitLab's own
templates knows them. What cannot be read is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gatekeeper.discover import Tree, Unreadable
from gatekeeper.globs import covers
from gatekeeper.models.pipeline.gitlab import templates
from gatekeeper.models.pipeline.gitlab.inputs import Input, Interpolated, Interpolator, declared
from gatekeeper.models.pipeline.gitlab.merging import (
    RESERVED,
    ExhaustedError,
    Merger,
    Referrer,
    extended,
    fault,
    flat,
    short,
)
from gatekeeper.models.pipeline.ir import VENDORED, Unresolved, normal, text_of
from gatekeeper.node import START, Fault, Node, Source
from gatekeeper.parsers import yaml

FILES = 150  # GitLab's own limit of includes
DEPTH = 20  # includes that include
_NOT_HERE = "put a copy in .gatekeeper/vendor/"


class Included(NamedTuple):
    """One entry of `include`: its kind, what it names, and where."""

    kind: str  # local, project, remote, template, component; '' where that is not known
    text: str
    ref: str
    at: Node
    whole: Node  # the entry: its rules and inputs


class Loaded(NamedTuple):
    """A configuration: its top-level entries with everything merged, and what was met on the way.

    `conditional` has, for each job that only includes with `rules` bring, those rules. `files` are those that were
    read, below the repository.
    """

    root: Node
    faults: tuple[Fault, ...]
    unresolved: tuple[Unresolved, ...]
    includes: tuple[Included, ...]
    conditional: Mapping[str, tuple[Node, ...]]
    files: frozenset[str]
    inputs: Mapping[str, Input]
    interpolated: tuple[Interpolated, ...]
    ambiguous: frozenset[str] = frozenset()  # jobs that several includes bring, some of them with rules

    @property
    def missing(self) -> bool:
        return bool(self.unresolved)


def load(source: Source, tree: Tree, root: str = "", given: Mapping[str, Node] | None = None) -> Loaded | None:
    """The configuration that starts with a file; None when the file holds none. Never raises for what it holds.

    `root` is the folder that the repository starts in; `given` are inputs.
    """
    reader = _Reader(tree, root)
    node = reader.file(source, given or {}, 0)
    if node is None:
        return Loaded(_empty(source), tuple(reader.faults), (), (), {}, frozenset(), {}, ()) if reader.faults else None
    merged = reader.whole(node)
    return Loaded(
        merged, tuple(reader.faults), tuple(reader.unresolved), tuple(reader.includes), reader.conditional(),
        frozenset(reader.files), reader.inputs, tuple(reader.interpolated), reader.ambiguous(),
    )  # fmt: skip


def _empty(source: Source) -> Node:
    return Node({}, source, source.line_span(1))


class _Reader:
    def __init__(self, tree: Tree, root: str) -> None:
        self.tree = tree
        self.root = root
        self.merger = Merger()
        self.faults: list[Fault] = []
        self.unresolved: list[Unresolved] = []
        self.includes: list[Included] = []
        self.files: set[str] = set()
        self.inputs: dict[str, Input] = {}
        self.interpolated: list[Interpolated] = []
        self._count = 0
        self._under_way: list[str] = []
        self._brought: dict[str, list[tuple[Node, ...]]] = {}
        self._rules: list[Node] = []

    def tell(self, at: Node, message: str) -> None:
        self.faults.append(fault(at, message))

    def whole(self, node: Node) -> Node:
        """The merged file with `extends` and references worked out."""
        missing = bool(self.unresolved)
        try:
            entries = extended(node.value, missing, self.merger, self.tell)
            root = Node(entries, node.source, node.span, node.key)
            return Referrer(root, missing, self.tell).resolved(root)
        except ExhaustedError:
            self.tell(node, "its extends and includes merge more than any pipeline needs: they are not worked out")
        except RecursionError:
            self.tell(node, "its references nest too deeply: they are not worked out")
        return node

    def conditional(self) -> dict[str, tuple[Node, ...]]:
        """The rules of the includes that bring a job, for jobs that nothing else brings."""
        return {
            name: tuple(rule for rules in ways for rule in rules)
            for name, ways in self._brought.items()
            if len(ways) == 1 and ways[0]
        }

    def ambiguous(self) -> frozenset[str]:
        """Jobs that come in several ways, of which the last that counts is not always there."""
        return frozenset(name for name, ways in self._brought.items() if len(ways) > 1 and any(ways[1:]))

    # files

    def file(self, source: Source, given: Mapping[str, Node], depth: int) -> Node | None:
        """One file with what it includes, its inputs put in; None when it holds no mapping."""
        self.files.add(source.path)
        node = self._document(source, given, depth)
        if node is None or not node.is_mapping:
            return None
        for name, child in node.items():
            if name not in RESERVED and child.is_mapping:
                self._brought.setdefault(name, []).append(tuple(self._rules))
        self._under_way.append(source.path)
        merged: Node | None = None
        for each in entries(node["include"]):
            for part in self._included(each, depth):
                merged = part if merged is None else self._merged(merged, part, each.at)
        self._under_way.pop()
        return node if merged is None else self._merged(merged, node, node)

    def _document(self, source: Source, given: Mapping[str, Node], depth: int) -> Node | None:
        try:
            documents = source.once(yaml.parse)
        except Unreadable as error:
            self.faults.append(Fault(source, START, f"cannot be read: {error}", technology="pipeline"))
            return None
        self.faults += [each._replace(technology="pipeline") for each in documents.faults]
        nodes = documents.nodes
        if not nodes:
            return None
        if len(nodes) == 1 or not nodes[0].is_mapping or not nodes[0]["spec"].present:
            return nodes[0]
        inputs = declared(nodes[0], given)
        interpolator = Interpolator(inputs)
        node = interpolator.put(nodes[1])
        if depth == 0:
            self.inputs = inputs
        self.interpolated += interpolator.found
        return node

    def _merged(self, low: Node, high: Node, at: Node) -> Node:
        try:
            return self.merger.merged(low, high)
        except ExhaustedError:
            self.tell(at, "its includes merge more than any pipeline needs: the others are left out")
            return high

    # includes

    def _included(self, each: Included, depth: int) -> Iterator[Node]:
        self.includes.append(each)
        self._count += 1
        if self._count > FILES:
            if self._count == FILES + 1:
                self.tell(each.at, f"more than {FILES} includes: the others are left out")
            return
        rules = each.whole["rules"]
        if rules.present:
            self._rules.append(rules)
        yield from self._parts(each, depth)
        if rules.present:
            self._rules.pop()

    def _parts(self, each: Included, depth: int) -> Iterator[Node]:
        if each.kind in ("template", "component"):
            template = templates.table().get(each.text) if each.kind == "template" else templates.component(each.text)
            if template and not self._copies(each):
                node = templates.as_node(template, each.at, each.whole["inputs"])
                for name in node.value:
                    self._brought.setdefault(name, []).append(tuple(self._rules))
                yield node
                return
        sources = self._copies(each)
        if not sources:
            self.unresolved.append(_unresolved(each))
        elif len(sources) > FILES:
            self.tell(each.at, f"names more than {FILES} files: the others are left out")
        given = dict(each.whole["inputs"].items()) if each.whole["inputs"].known else {}
        for source in sources[:FILES]:
            if source.path in self._under_way:
                self.tell(each.at, f"includes itself: {short(' -> '.join([*self._under_way, source.path]))}")
            elif depth >= DEPTH:
                self.tell(each.at, f"more than {DEPTH} includes that include one another")
            else:
                found = self.file(source, given, depth + 1)
                if found is not None:
                    yield found
                else:
                    self.unresolved.append(Unresolved(source.path, each.at, "it holds no configuration"))

    def _copies(self, each: Included) -> list[Source]:
        """The files here that an entry means."""
        if each.kind == "local":
            return self._local(each.text)
        return [self.tree.source(path) for path in _vendored(each) if path in self.tree][:1]

    def _local(self, text: str) -> list[Source]:
        if "$" in text:
            return []
        path = normal(text.lstrip("/"))
        if not set("*?[") & set(path):
            return [self.tree.source(self.root + path)] if self.root + path in self.tree else []
        glob = path.replace("**.", "**/*.")
        found = [each for each in self.tree.paths if each.startswith(self.root) and each.endswith((".yml", ".yaml"))]
        matching = [each for each in found if covers(glob, each[len(self.root) :])]
        return [self.tree.source(each) for each in matching[: FILES + 1]]


def _unresolved(each: Included) -> Unresolved:
    if not each.kind:
        why = "what it includes is known only when a pipeline is made"
    elif each.kind == "local":
        why = "its path depends on variables" if "$" in each.text else "it is not in the repository"
    else:
        where = {"project": "in another project", "remote": "on another host", "template": "in GitLab itself"}
        why = f"it is {where.get(each.kind, 'in the catalog')}; {_NOT_HERE}"
    return Unresolved(each.text, each.at, why)


def _vendored(each: Included) -> Iterator[str]:
    """Where a copy of what an entry names may lie."""
    if each.kind == "project":
        project, _, path = each.text.partition(":")
        if project in ("$CI_PROJECT_PATH", "${CI_PROJECT_PATH}"):
            yield normal(path.lstrip("/"))
        yield f"{VENDORED}{project}/{path.lstrip('/')}"
    elif each.kind == "remote":
        yield f"{VENDORED}{each.text.partition('://')[2].partition('?')[0]}"
    elif each.kind == "template":
        yield f"{VENDORED}templates/{each.text}"
    elif each.kind == "component":
        yield from _component(each.text)


def _component(text: str) -> Iterator[str]:
    path = text.partition("@")[0]
    project, _, name = path.rpartition("/")
    own = ("$CI_SERVER_FQDN/$CI_PROJECT_PATH", "$CI_SERVER_HOST/$CI_PROJECT_PATH")
    roots = [""] if project in own else []
    host, _, below = project.partition("/")
    roots += [f"{VENDORED}{project}/", f"{VENDORED}{below}/"] if host else []
    for root in roots:
        yield f"{root}templates/{name}.yml"
        yield f"{root}templates/{name}/template.yml"


def entries(node: Node) -> Iterator[Included]:
    """The entries of an `include`; a list of files of one project is one entry each."""
    for each in flat(node):
        if not each.known:
            yield Included("", _text(each), "", each, each)
        elif not each.is_mapping:
            text = each.text
            yield Included("remote" if "://" in text[:10] else "local", text, "", each, each)
        elif each["project"].present:
            for file in flat(each["file"]):
                ref = text_of(each["ref"])
                yield Included("project", f"{_text(each['project'])}:{_text(file)}", ref, file, each)
        else:
            kind = next((key for key in ("local", "remote", "template", "component") if each[key].present), "")
            at = each[kind] if kind else each
            yield Included(kind, _text(at) or "an entry of include", "", at, each)


def _text(node: Node) -> str:
    """As it is written, also where it is not known what comes of it."""
    return node.expression.text if node.expression is not None else text_of(node)
