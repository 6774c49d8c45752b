"""Argo CD: what an Application, an ApplicationSet and an AppProject say. An Application is seen beside its object, so
that the ones which a set makes are judged like those that are written out.

https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from fnmatch import fnmatchcase
from functools import cached_property
from typing import NamedTuple

from gatekeeper.models import Subject
from gatekeeper.models.kubernetes.network import listed
from gatekeeper.models.kubernetes.objects import Object, learn
from gatekeeper.models.kubernetes.selector import written
from gatekeeper.models.kubernetes.templates import REASON, fills_in
from gatekeeper.node import Expression, Node, Span, regex

GROUP = "argoproj.io"
IN_CLUSTER = ("in-cluster", "https://kubernetes.default.svc")  # the name and the address of the cluster of Argo CD


class Parameters(NamedTuple):
    """What a generator gives to one Application. `whole`: it gives nothing that is not here.

    `cluster` are labels that the cluster is chosen by; `preview` when it makes one for each pull request.
    """

    values: Mapping[str, str]
    whole: bool = True
    preview: bool = False
    cluster: tuple[str, ...] = ()


class AppSource(NamedTuple):
    """Where an Application's manifests come from: one of its sources."""

    node: Node
    repository: Node
    path: Node
    revision: Node
    chart: Node

    @property
    def ref(self) -> Node:
        """The name under which other sources name files of this one: `$values/...`."""
        return self.node["ref"]

    @property
    def value_files(self) -> list[Node]:
        files = self.node["helm"]["valueFiles"]
        return list(files) if files.is_list else []


_TRUNKS = frozenset({"", "head", "main", "master", "trunk", "develop", "dev"})


class Tracked(Enum):
    """What a revision names."""

    TRUNK = "trunk"  # whatever was merged last
    RANGE = "range"  # the newest version of a range
    FIXED = "fixed"  # a version or a commit
    OTHER = "other"  # a branch or a tag of another name


def tracked(source: AppSource) -> Tracked:
    """What a source's revision names. Raises `Unresolved`."""
    text = source.revision.text.strip().removeprefix("refs/heads/")
    if any(each in text for each in "*<>~^") or _OPEN_VERSION.match(text):
        return Tracked.RANGE
    if source.chart.present:
        return Tracked.RANGE if not text else Tracked.FIXED
    if text.lower() in _TRUNKS:
        return Tracked.TRUNK
    return Tracked.FIXED if text.startswith("refs/tags/") or _VERSION.search(text) else Tracked.OTHER


_OPEN_VERSION = regex(r"v?\d{1,6}(?:\.(?:\d{1,6}|x|X)){0,2}\.[xX]\Z|v?[xX]\Z|[xX]\Z")
_VERSION = regex(r"\Av?\d{1,8}\.\d{1,6}|[-@/]v?\d{1,8}\.\d{1,6}\.\d{1,6}|\A[0-9a-f]{7,64}\Z")


def by_steps(pattern: str, path: str) -> bool:
    """Whether a glob of Argo CD means a path or an address: `*` stays within one step, `**` takes in any number."""
    wanted, given = pattern.split("/"), path.split("/")
    reached = {0}
    for step in wanted:
        if "**" in step:
            reached = set(range(min(reached), len(given) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(given) and fnmatchcase(given[at], step)}
    return len(given) in reached


class Application(Subject):
    """An Application of Argo CD, written out or made by an ApplicationSet (with unknown values where it fills in)."""

    technology = "kubernetes"
    example_path = "argocd/application.yaml"

    def __init__(self, node: Node, origin: Object, parameters: Parameters | None = None) -> None:
        super().__init__(node)
        self.origin = origin
        self.parameters = parameters
        self.variant = origin.variant

    @property
    def made(self) -> bool:
        """Whether a set makes it."""
        return isinstance(self.origin, ApplicationSet)

    @property
    def there(self) -> bool:
        return not (isinstance(self.origin, ApplicationSet) and self.origin.idle)

    @property
    def name(self) -> str:
        return self.origin.name

    @property
    def span(self) -> Span:
        return self.origin.span

    @property
    def seen_as(self) -> str:
        if self.parameters is None:
            return ""
        name = self.node["metadata"]["name"]
        return f"as {name.text}" if name.known and name.text else ""

    @cached_property
    def object_name(self) -> str:
        """metadata.name; '' where that is not known."""
        return written(self.node["metadata"]["name"])

    @property
    def metadata(self) -> Node:
        return self.node["metadata"]

    @property
    def spec(self) -> Node:
        return self.node["spec"]

    @property
    def project(self) -> Node:
        return self.spec["project"]

    @property
    def destination(self) -> Node:
        return self.spec["destination"]

    @cached_property
    def sources(self) -> list[AppSource]:
        """Its sources: `sources` where there are some, else `source`, else what is hydrated. Raises `Unresolved`."""
        several = listed(self.spec["sources"])
        if several:
            return [_source(each) for each in several]
        dry = self.spec["sourceHydrator"]["drySource"]
        if dry.present and not self.spec["source"].present:
            branch = self.spec["sourceHydrator"]["syncSource"]["targetBranch"]
            return [AppSource(dry, dry["repoURL"], dry["path"], branch, dry["chart"])]
        return [_source(self.spec["source"])] if self.spec["source"].present else []

    @property
    def automated(self) -> bool:
        """Whether it is synced by itself: `automated` is there, and not switched off. Raises `Unresolved`."""
        automated = self.spec["syncPolicy"]["automated"]
        return automated.present and bool(automated["enabled"] != False) and not self._skipped  # noqa: E712  # a node

    @property
    def heals(self) -> bool:
        """Whether changes to the cluster are undone. Raises `Unresolved`."""
        return self.automated and _true(self.spec["syncPolicy"]["automated"]["selfHeal"])

    @property
    def _skipped(self) -> bool:
        return _true(self.metadata["annotations"]["argocd.argoproj.io/skip-reconcile"])


def _true(node: Node) -> bool:
    return node.text.lower() == "true"


def _source(node: Node) -> AppSource:
    return AppSource(node, node["repoURL"], node["path"], node["targetRevision"], node["chart"])


class ApplicationSet(Object):
    """A template of Applications, and the generators that fill it in."""

    may_be_remote = False

    @cached_property
    def application(self) -> Application:
        """The Application that it makes, with unknown values where it fills something in."""
        return Application(self._filled(None), self)

    def filled(self, parameters: Parameters) -> Application:
        """The Application that it makes with some parameters."""
        return Application(self._filled(parameters), self, parameters)

    @property
    def idle(self) -> bool:
        """Whether it makes nothing: all it has are empty lists."""
        given = self.spec["generators"]
        lists = [each["list"] for each in given] if given.is_list else []
        return bool(lists) and all(
            each.is_mapping
            and each["elements"].is_list
            and not len(each["elements"])
            and not each["elementsYaml"].present
            for each in lists
        )

    @property
    def go(self) -> bool:
        """Whether its templates are Go's: `{{ .name }}`, not `{{name}}`."""
        return written(self.spec["goTemplate"]) == "true"

    def _filled(self, parameters: Parameters | None) -> Node:
        template = self.spec["template"]
        fill = _Fill(self.go, parameters)
        spec = self._patched(fill.node(template["spec"]))
        head = {name: self.node[name] for name in ("apiVersion", "kind")}
        entries = {**head, "metadata": fill.node(template["metadata"]), "spec": spec}
        return Node(entries, self.node.source, self.node.span, self.node.key)

    def _patched(self, spec: Node) -> Node:
        """The spec, without what a patch or a generator's own template may change."""
        changed = set(self._changed())
        if not changed or not spec.is_mapping:
            return spec
        places = {name: spec[name] for name in (*spec.value, *changed)}
        entries = {
            name: Node(Expression(name, _PATCHED), node.source, node.mark, node.key) if name in changed else node
            for name, node in places.items()
        }
        return Node(entries, spec.source, spec.span, spec.key)

    def _changed(self) -> Iterator[str]:
        patch = written(self.spec["templatePatch"])
        yield from (field for field in _FIELDS if f"{field}:" in patch)
        for each in generators(self.spec["generators"]):
            own = each["template"]["spec"]
            yield from (own.value if own.is_mapping else ())


_PATCHED = "may be changed by templatePatch, or by a generator's own template"
_FIELDS = ("syncPolicy", "source", "sources", "destination", "project", "ignoreDifferences")
_DEPTH = 4


def generators(node: Node, depth: int = 0) -> Iterator[Node]:
    """The bodies of all generators, those inside others too."""
    for each in listed(node) if depth < _DEPTH else ():
        for body in each.value.values():
            yield body
            if body.is_mapping:
                yield from generators(body["generators"], depth + 1)


class AppProject(Object):
    """Which sources and destinations Applications may have, when they are synced, and who may do what."""

    may_be_remote = False

    @property
    def destinations(self) -> list[Node]:
        return listed(self.spec["destinations"])

    @property
    def windows(self) -> list[Node]:
        return listed(self.spec["syncWindows"])

    @property
    def open(self) -> bool:
        """Whether any repository may be deployed, or to anywhere. Raises `Unresolved`."""
        sources = self.spec["sourceRepos"]
        everything = any(node.text == "*" for node in sources) if sources.is_list else False
        return everything or any(
            each["namespace"].text == "*" and "*" in (each["server"].text, each["name"].text)
            for each in self.destinations
        )


# What a template fills in


_ACTION = regex(r"\{\{-?([^{}\n]{0,300}?)-?\}\}")
_SIMPLE = regex(r"[ \t]{0,8}([\w.\-/\[\]]{1,200})[ \t]{0,8}\Z")
_INDEX = regex(r"[ \t]{0,8}index[ \t]+\.([\w.]{1,100})[ \t]+(?:\"([^\"]{1,100})\"|(\d{1,3}))[ \t]{0,8}\Z")
_REASON = "is filled in by an ApplicationSet"
_NESTED = 60


class _Fill:
    """Puts parameters into a template; what is not known of it becomes an expression."""

    def __init__(self, go: bool, parameters: Parameters | None) -> None:
        self.go = go
        self.parameters = parameters
        self._done: dict[int, Node] = {}  # an alias stands for the same node many times

    def node(self, node: Node, depth: int = 0) -> Node:
        known = self._done.get(id(node))
        if known is None:
            known = self._done[id(node)] = self._node(node, depth) if node.known and depth < _NESTED else node
        return known

    def _node(self, node: Node, depth: int) -> Node:
        value = node.value
        if isinstance(value, str):
            return self._text(node, value)
        if isinstance(value, dict):
            if "?" in value and (text := node.source.slice(node.span)).startswith("{{"):  # `path: {{path}}`
                return self._text(node, text)
            return _again(node, {key: self.node(child, depth + 1) for key, child in value.items()})
        return _again(node, [self.node(child, depth + 1) for child in value]) if isinstance(value, list) else node

    def _text(self, node: Node, text: str) -> Node:
        filled = self.text(text) if "{{" in text else text
        if filled is None:
            return _again(node, Expression(text, _REASON))
        if fills_in(filled):
            return _again(node, Expression(filled, REASON))
        return node if filled == text else _again(node, filled)

    def text(self, text: str) -> str | None:
        """The text as it comes out; None where that is not known."""
        if self.parameters is None:
            return None
        parts: list[str] = []
        end = 0
        for action in _ACTION.finditer(text):
            value = self._value(action[1])
            if value is None:
                return None
            parts += [text[end : action.start()], value]
            end = action.end()
        rest = text[end:]
        return None if "{{" in rest else "".join([*parts, rest])

    def _value(self, action: str) -> str | None:
        values = self.parameters.values if self.parameters else {}
        index = _INDEX.match(action) if self.go else None
        if index:
            return values.get(f"{index[1]}.{index[2] or index[3]}")
        simple = _SIMPLE.match(action)
        if not simple or simple[1].startswith(".") != self.go:
            return None
        return values.get(simple[1].removeprefix("."))


def _again(node: Node, value: object) -> Node:
    return Node(value, node.source, node.span, node.key, node.tag)


# What generators give


def flat(node: Node, prefix: str = "", depth: int = 0) -> dict[str, str]:
    """The scalars below a mapping by their dotted names, items of lists by number; what is not known is left out."""
    found: dict[str, str] = {}
    if not node.known or depth > 20:
        return found
    if node.is_mapping:
        for key, child in node.items():
            found |= flat(child, f"{prefix}.{key}" if prefix else key, depth + 1)
    elif node.is_list:
        for number, child in enumerate(node):
            found |= flat(child, f"{prefix}.{number}", depth + 1)
    elif node.present:
        found[prefix] = node.text
    return found


def of_path(path: str, go: bool, prefix: str = "") -> dict[str, str]:
    """The parameters that a folder of a git generator gives."""
    segments = path.split("/")
    name = segments[-1]
    plain = {"path": path, "path.basename": name, "path.basenameNormalized": _normalized(name)}
    numbered = {f"path[{number}]": segment for number, segment in enumerate(segments)}
    if go:
        plain["path.path"] = plain.pop("path")
        numbered = {f"path.segments.{number}": segment for number, segment in enumerate(segments)}
    every = {**plain, **numbered}
    return {f"{prefix}.{key}" if prefix else key: value for key, value in every.items()}


def _normalized(name: str) -> str:
    return "".join(each if each.isalnum() or each in "-." else "-" for each in name.lower())


def filled(text: str, go: bool, parameters: Parameters) -> str | None:
    """A text with parameters put in; None where one of them is not known."""
    return _Fill(go, parameters).text(text) if "{{" in text else text


def joined(one: Parameters, other: Parameters) -> Parameters:
    """What one generator gives, and over it what another does."""
    return Parameters(
        {**one.values, **other.values}, one.whole and other.whole, one.preview or other.preview,
        (*one.cluster, *other.cluster),
    )  # fmt: skip


def merged(base: Sequence[Parameters], others: Sequence[Parameters], keys: Sequence[str]) -> list[Parameters]:
    """The first with what the others say of those that have the same values of the keys."""
    found = []
    for one in base:
        for other in others:
            if all(key in other.values and other.values[key] == one.values.get(key) for key in keys):
                one = joined(one, other)
        found.append(one)
    return found


def application_of(made: Object) -> Application | None:
    """The Application that an object is or makes; None for what a cluster said of one, kept as a file."""
    if isinstance(made, ApplicationSet):
        return made.application
    if made.kind != "Application" or made.group != GROUP:
        return None
    if made.metadata["uid"].present or made.node["status"].present:
        return None
    return Application(_Fill(False, None).node(made.node), made)


learn({(GROUP, "ApplicationSet"): ApplicationSet, (GROUP, "AppProject"): AppProject})
