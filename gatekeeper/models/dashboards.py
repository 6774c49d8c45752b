"""Grafana dashboards, whatever carries them: a JSON file, a ConfigMap, a GrafanaDashboard, values of a chart.

A dashboard is known by its shape: panels and the version of their schema, or the elements of the newer schema. They
are large and there are many, so their values are plain ones; where a value stands is looked up when it is asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from gatekeeper.discover import Tree
from gatekeeper.models import Subject
from gatekeeper.node import START, Expression, Fault, Missing, Node, Source, Span, Unresolved, cached_property, regex
from gatekeeper.parsers import json as places
from gatekeeper.parsers import yaml

if TYPE_CHECKING:
    from gatekeeper.parsers.promql import Query

Steps = tuple[str | int, ...]

DEPTH = 60
_TEMPLATE = regex(r"\{\{-|\{%|\{\{[ \t]*(?:\.Values|\.Release|\.Chart|include|template|toYaml|if|range|with|end)\b")
_RESOURCE = "dashboard.grafana.app/"


class Dashboard(Subject):
    """A dashboard. `model` holds plain values, as Grafana writes them; `newer` that these are of its second schema.

    `at` gives a value with its place. `carrier` says what carries it when that is not a file of its own. Properties
    raise `Unresolved` where the dashboard is known only at run time.
    """

    technology = "dashboards"
    example_path = "dashboards/service.json"

    def __init__(
        self, model: Mapping[str, Any], source: Source, find: Callable[[Steps], Node], carrier: str = "",
        uid: str = "", *, newer: bool = False, doubt: Node | None = None,
    ) -> None:  # fmt: skip
        super().__init__(Node(None, source, START))
        self._model = model
        self._find = find
        self._uid = uid
        self.doubt = doubt
        self.carrier = carrier
        self.newer = newer
        self.made_by: Subject | None = None  # the resource of Terraform that it is written in

    @property
    def name(self) -> str:
        return f"{self.path}:{self.title}" if self.carrier and self.doubt is None else self.path

    @property
    def span(self) -> Span:
        title = self.at("title")
        return title.span if title.present else title.mark

    @property
    def known(self) -> bool:
        """Whether all of it can be read here."""
        return self.doubt is None

    @property
    def model(self) -> Mapping[str, Any]:
        if self.doubt is not None:
            raise Unresolved(self.doubt, self.doubt.expression or Expression("", "is known only at run time"))
        return self._model

    @property
    def title(self) -> str:
        return text(self.model.get("title")).strip()

    @property
    def uid(self) -> str:
        """By what links find it: its own, or what the resource that carries it is called by."""
        return self.own_uid or self._uid

    @property
    def own_uid(self) -> str:
        return text(self.model.get("uid")).strip()

    @cached_property
    def panels(self) -> list[Panel]:
        """What shows something: also the panels of a collapsed row, which is none itself."""
        model = self.model
        if self.newer:
            return list(_elements(self, model))
        held: list[tuple[Steps, Any]] = [(("panels",), model.get("panels"))]
        held += [(("rows", number, "panels"), row.get("panels")) for number, row in _mappings(model.get("rows"))]
        return [panel for steps, listed in held for panel in _panels(self, listed, steps)]

    @cached_property
    def targets(self) -> list[Target]:
        """The queries of all of its panels."""
        return [target for panel in self.panels for target in panel.targets]

    @cached_property
    def variables(self) -> list[Variable]:
        if self.newer:
            listed = _mappings(self.model.get("variables"))
            return [_newer_variable(each, ("variables", number)) for number, each in listed]
        listed = _mappings(_mapping(self.model.get("templating")).get("list"))
        return [
            Variable(text(each.get("name")), text(each.get("type")), each, ("templating", "list", number))
            for number, each in listed
        ]

    @cached_property
    def _sources(self) -> dict[str, str]:
        """The kinds of the data sources that variables and inputs stand for."""
        found = {
            v.name: text(v.spec.get("query") or v.spec.get("pluginId")) for v in self.variables if v.chooses_source
        }
        for _, each in _mappings(self.model.get("__inputs")):
            if each.get("type") == "datasource":
                found[text(each.get("name"))] = text(each.get("pluginId"))
        return {name: _kind(kind) for name, kind in found.items()}

    def source_kind(self, written: Any) -> str:
        """The kind of a data source (`prometheus`, `loki`, ...) by what refers to it; '' when nobody can tell."""
        if isinstance(written, Mapping):
            kind = text(written.get("type"))
            if kind and not kind.startswith("$"):
                return _kind(kind)
            written = written.get("uid") if written.get("uid") is not None else kind
        name = text(written)
        variable = _VARIABLE.fullmatch(name)
        if variable:
            name = variable[1]
            if self._sources.get(name):
                return self._sources[name]
        return next((kind for word, kind in _NAMED if word in name.lower()), "")

    @property
    def links(self) -> Iterator[tuple[str, Steps]]:
        """The addresses it links to, in its head, its panels and its fields, each with its place."""
        for number, each in _mappings(self.model.get("links")):
            if text(each.get("url")):
                yield text(each["url"]), ("links", number, "url")
        for panel in self.panels:
            yield from panel.links

    def at(self, *steps: str | int) -> Node:
        """The value below some steps, with its place. What a mapping or a list there holds is not looked at.

        Where it is absent, that of the title, which people know the dashboard by.
        """
        found = self._find(steps)
        return found if found.present or len(steps) > 1 or steps == ("title",) else Missing(self._find(("title",)), "")


class Panel:
    """One panel: `steps` lead to it from the dashboard. `spec` are its own values, whatever the schema."""

    def __init__(self, dashboard: Dashboard, spec: Mapping[str, Any], steps: Steps) -> None:
        self.dashboard = dashboard
        self.spec = spec
        self.steps = steps

    @property
    def title(self) -> str:
        return text(self.spec.get("title")).strip()

    @property
    def words(self) -> str:
        """What people call it."""
        return self.title or f"a {self.type or 'panel'} without a title"

    @property
    def head(self) -> Node:
        """What is shown of it: its title, else what draws it."""
        return self.at("title") if self.title else self.at("type")

    @property
    def type(self) -> str:
        """What draws it: `timeseries`, `stat`, `text`; '' where a library holds it."""
        if not self.dashboard.newer:
            return text(self.spec.get("type"))
        drawn = _mapping(self.spec.get("vizConfig"))
        return text(drawn.get("group") or drawn.get("kind"))

    @property
    def shared(self) -> bool:
        """Whether it stands in a library, and not here."""
        return "libraryPanel" in self.spec

    @property
    def unit(self) -> str:
        """What its values are counted in; '' where it does not say."""
        axes = [text(axis.get("format")) for _, axis in _mappings(self.spec.get("yaxes"))]
        own = text(self._defaults.get("unit")) or next((each for each in axes if each), "")
        return own or text(self.spec.get("format")) or next(self._overridden, "")

    @property
    def mapped(self) -> bool:
        """Whether its values are shown as words."""
        return bool(self._defaults.get("mappings") or self.spec.get("valueMaps"))

    @property
    def _defaults(self) -> Mapping[str, Any]:
        return _mapping(self._config.get("defaults"))

    @property
    def _config(self) -> Mapping[str, Any]:
        spec = self.spec
        if self.dashboard.newer:
            spec = _mapping(_mapping(spec.get("vizConfig")).get("spec"))
        return _mapping(spec.get("fieldConfig"))

    @property
    def _overridden(self) -> Iterator[str]:
        """The units that some of its values are given."""
        for _, each in _mappings(self._config.get("overrides")):
            for _, changed in _mappings(each.get("properties")):
                if changed.get("id") == "unit" and text(changed.get("value")):
                    yield text(changed["value"])

    @property
    def source(self) -> Any:
        """What names its data source, as written; None where nothing does."""
        return self.spec.get("datasource")

    @cached_property
    def targets(self) -> list[Target]:
        if not self.dashboard.newer:
            listed = _mappings(self.spec.get("targets"))
            return [Target(self, each, (*self.steps, "targets", number)) for number, each in listed]
        found = []
        queries = _mapping(_mapping(self.spec.get("data")).get("spec")).get("queries")
        for number, each in _mappings(queries):
            spec = _mapping(each.get("spec"))
            query = _mapping(spec.get("query"))
            source = spec.get("datasource") or query.get("datasource")
            kind = text(query.get("group")) or text(query.get("kind"))
            values = {
                "datasource": {"type": kind if kind != "DataQuery" else "", "uid": _mapping(source).get("uid")},
                "refId": spec.get("refId"), "hide": spec.get("hidden"), **_mapping(query.get("spec")),
            }  # fmt: skip
            steps: Steps = (*self.steps, "data", "spec", "queries", number, "spec", "query", "spec")
            found.append(Target(self, values, steps))
        return found

    @property
    def links(self) -> Iterator[tuple[str, Steps]]:
        defaults = _mapping(_mapping(self.spec.get("fieldConfig")).get("defaults"))
        held: list[tuple[Any, Steps]] = [
            (self.spec.get("links"), ("links",)), (defaults.get("links"), ("fieldConfig", "defaults", "links")),
        ]  # fmt: skip
        for listed, steps in held:
            for number, each in _mappings(listed):
                url = text(each.get("url"))
                if url:
                    yield url, (*self.steps, *steps, number, "url")

    def at(self, *steps: str | int) -> Node:
        return self.dashboard.at(*self.steps, *steps)


def several(names: Iterable[str], most: int = 3) -> str:
    """The first names, each once, and how many more there are: a dashboard often has one fault many times."""
    listed = list(dict.fromkeys(names))
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return f"{', '.join(listed[:most])}{more}"


class Target:
    """One query of a panel."""

    def __init__(self, panel: Panel, spec: Mapping[str, Any], steps: Steps) -> None:
        self.panel = panel
        self.spec = spec
        self.steps = steps

    @cached_property
    def kind(self) -> str:
        """The kind of data source that is asked; '' when nothing says so."""
        dashboard = self.panel.dashboard
        own = self.spec.get("datasource")
        if own is not None and dashboard.source_kind(own):
            return dashboard.source_kind(own)
        return dashboard.source_kind(self.panel.source) if self.panel.source is not None else ""

    @cached_property
    def expr(self) -> str:
        """The text of a query of Prometheus or Loki; '' where it asks in another way."""
        return text(self.spec.get("expr")).strip()

    @property
    def visible(self) -> bool:
        """Whether readers see what it gives: it asks for something, and is shown, or another reckons with it."""
        asks = bool(self.spec.keys() - {"refId", "datasource", "hide"}) and self.spec.get("expr", " ") != ""
        return asks and (self.spec.get("hide") is not True or any(each.reckons for each in self.panel.targets))

    @property
    def reckons(self) -> bool:
        """Whether it is an expression over other queries, and shown."""
        return self.kind == "__expr__" and self.spec.get("hide") is not True

    @cached_property
    def query(self) -> Query:
        from gatekeeper.parsers.promql import parse  # a repository without dashboards pays nothing for it

        return parse(self.expr, dashboard=True)

    @cached_property
    def asks_prometheus(self) -> bool | None:
        """Whether it is PromQL; None when nothing says so, and nothing says otherwise."""
        if not self.expr:
            return False
        if self.kind:
            return self.kind == "prometheus"
        return None if not _LOGQL.search(self.expr) else False

    def at(self, *steps: str | int) -> Node:
        return self.panel.dashboard.at(*self.steps, *steps)

    @property
    def words(self) -> str:
        """What people call it: its panel, and its letter."""
        letter = text(self.spec.get("refId"))
        return f"{self.panel.title or 'a panel without a title'}{f' ({letter})' if letter else ''}"


class Variable(NamedTuple):
    """A variable that readers choose a value of."""

    name: str
    type: str  # query, datasource, interval, custom, ...
    spec: Mapping[str, Any]
    steps: Steps

    @property
    def chooses_source(self) -> bool:
        return self.type == "datasource"

    @property
    def query(self) -> str:
        """The text that asks for its values; '' where it asks for none."""
        written = self.spec.get("query")
        if isinstance(written, Mapping):
            written = written.get("query") or _mapping(written.get("spec")).get("query")
        return text(written) or text(self.spec.get("definition"))


def promql(target: Target) -> Query:
    """A target's query. Raises `Malformed` where it is none of PromQL, `Unsupported` when that cannot be told."""
    return target.query


_VARIABLE = regex(r"\$\{?(?:\[\[)?([A-Za-z0-9_-]{1,80})(?::[a-z]{1,20})?\}?")
_NAMED = (
    ("prom", "prometheus"),
    ("mimir", "prometheus"),
    ("thanos", "prometheus"),
    ("loki", "loki"),
    ("tempo", "tempo"),
)
_LOGQL = regex(r"\|[=~]|!=[ \t]*[\"`]|\|[ \t]*(?:json|logfmt|line_format|unwrap|pattern|regexp|unpack|label_format)\b")


def named_source(written: Any) -> str:
    """The uid or name of one data source; '' for a variable, the default one, and those that Grafana itself has."""
    name = text(written.get("uid")) if isinstance(written, Mapping) else text(written)
    return "" if "$" in name or "[[" in name or name.startswith("-- ") or name in _BUILT_IN else name


_BUILT_IN = frozenset(["grafana", "default", "azure-monitor-oob"])  # the last one: of Azure's own Grafana


def _kind(name: str) -> str:
    return "prometheus" if "prometheus" in name.lower() else name.lower()


def text(value: Any) -> str:
    """A scalar as text; '' for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[tuple[int, Mapping[str, Any]]]:
    """Those items of a list that are mappings, each with its number."""
    return [(n, each) for n, each in enumerate(value) if isinstance(each, Mapping)] if isinstance(value, list) else []


def _panels(dashboard: Dashboard, listed: Any, steps: Steps, depth: int = 0) -> Iterator[Panel]:
    for number, each in _mappings(listed):
        if each.get("type") != "row":
            yield Panel(dashboard, each, (*steps, number))
        elif depth < 3:
            yield from _panels(dashboard, each.get("panels"), (*steps, number, "panels"), depth + 1)


def _elements(dashboard: Dashboard, model: Mapping[str, Any]) -> Iterator[Panel]:
    for name, each in _mapping(model.get("elements")).items():
        spec = _mapping(_mapping(each).get("spec"))
        if _mapping(each).get("kind") == "LibraryPanel":
            yield Panel(dashboard, {"libraryPanel": spec.get("libraryPanel"), **spec}, ("elements", name, "spec"))
        elif spec:
            yield Panel(dashboard, spec, ("elements", name, "spec"))


def _newer_variable(each: Mapping[str, Any], steps: Steps) -> Variable:
    spec = _mapping(each.get("spec"))
    kind = text(each.get("kind")).removesuffix("Variable").lower()
    return Variable(text(spec.get("name")), kind, spec, (*steps, "spec"))


# reading


class _Shape(NamedTuple):
    """The dashboard in a value: its model, the steps to it, the uid that its resource gives it."""

    model: Mapping[str, Any]
    steps: Steps
    uid: str = ""
    newer: bool = False


def _shape(value: Any) -> _Shape | None:
    """The dashboard that a value is, or that the API's envelope or a Kubernetes resource holds."""
    if not isinstance(value, Mapping):
        return None
    if _is_classic(value):
        return _Shape(value, ())
    inner = value.get("dashboard")
    if _is_classic(inner):
        return _Shape(inner, ("dashboard",))
    if text(value.get("apiVersion")).startswith(_RESOURCE) and value.get("kind") == "Dashboard":
        spec = _mapping(value.get("spec"))
        uid = text(_mapping(value.get("metadata")).get("name"))
        if isinstance(spec.get("elements"), Mapping):
            return _Shape(spec, ("spec",), uid, newer=True)
        return _Shape(spec, ("spec",), uid) if _is_classic(spec) else None
    if isinstance(value.get("elements"), Mapping) and _mapping(value.get("layout")).get("kind"):
        return _Shape(value, (), newer=True)
    return None


def _is_classic(value: Any) -> TypeGuard[Mapping[str, Any]]:
    if not isinstance(value, Mapping) or "schemaVersion" not in value:
        return False
    return isinstance(value.get("panels"), list) or isinstance(value.get("rows"), list)


def may_hold(content: str) -> bool:
    """Whether a text may hold a dashboard: cheap, since there are many texts."""
    if "schemaVersion" in content:
        return "panels" in content
    return _RESOURCE in content or ('"elements"' in content and '"vizConfig"' in content)


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The dashboards of a file, and a fault where one cannot be read."""
    yield from (_of_json if source.path.lower().endswith(".json") else _of_yaml)(source)


def _of_json(source: Source) -> Iterator[Subject | Fault]:
    try:
        value = json.loads(source.text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        if '"schemaVersion"' not in source.text or '"panels"' not in source.text:
            return
        faults = source.once(places.parse).faults
        where = faults[0].span if faults else START
        if _TEMPLATE.search(source.text):
            yield _unrendered(source, where)
        else:
            words = faults[0].message if faults else "not valid JSON"
            yield Fault(source, where, words, technology="dashboards")
        return
    shape = _shape(value)
    if shape:
        found = partial(places.find, source, *shape.steps)
        yield Dashboard(shape.model, source, lambda steps: found(*steps), "", shape.uid, newer=shape.newer)


def _below(node: Node, steps: Steps) -> Node:
    for step in steps:
        node = node[step]
    return node


def _of_yaml(source: Source) -> Iterator[Subject | Fault]:
    documents = source.once(yaml.parse)
    for root in documents.nodes:
        yield from of_node(root)
    for fault in documents.faults:
        if _TEMPLATE.search(source.text) and '"schemaVersion"' in source.text:
            yield _unrendered(source, fault.span)
            return


def _unrendered(source: Source, span: Span) -> Fault:
    words = "a dashboard in a template that is not rendered cannot be judged"
    return Fault(source, span, words, "template-unrendered", "dashboards", "render it and audit what comes out")


def of_node(root: Node) -> Iterator[Subject | Fault]:
    """The dashboards in an object: written as it is, or as text in JSON."""
    if root.is_mapping and (_resource(root) or root["schemaVersion"].present):
        try:
            shape = _shape(root.plain)
        except Unresolved:
            yield _unrendered(root.source, root.mark)
            return
        if shape:
            inner = _below(root, shape.steps)
            yield Dashboard(shape.model, root.source, partial(_below, inner), _called(root), shape.uid,
                            newer=shape.newer)  # fmt: skip
            return
    for holder in root["items"] if root["items"].is_list else (root,):
        for each in holder.texts():
            content = str(each.value)
            if content.lstrip()[:1] == "{" and may_hold(content):
                yield from of_text(each, holder)


def of_value(value: Node, written: Node, by: Subject) -> Dashboard | None:
    """The dashboard that Terraform makes of a value; one that nobody knows where the value is only known in part."""
    try:
        shape = _shape(value.plain)
    except Unresolved as unresolved:
        waits = Node(unresolved.expression, written.source, written.span, written.key)
        made = Dashboard({}, written.source, lambda _: waits, by.name, doubt=waits)
    else:
        if shape is None:
            return None
        inner = _below(value, shape.steps)
        made = Dashboard(shape.model, written.source, partial(_below, inner), by.name, newer=shape.newer)
    made.made_by = by
    return made


def _resource(root: Node) -> bool:
    version = root["apiVersion"]
    return version.known and isinstance(version.value, str) and version.value.startswith(_RESOURCE)


def of_text(node: Node, root: Node, carrier: str = "") -> Iterator[Subject | Fault]:
    """The dashboard that a text in a file is, in JSON."""
    content = str(node.value)
    try:
        shape = _shape(json.loads(content))
    except (ValueError, RecursionError) as error:
        if _TEMPLATE.search(content):
            yield _unrendered(node.source, node.mark)
        elif '"schemaVersion"' in content and '"panels"' in content:
            yield Fault(node.source, node.mark, f"a dashboard is not valid JSON: {error}", technology="dashboards")
        return
    if shape:
        uid = _uid_of(root) or shape.uid
        yield Dashboard(shape.model, node.source, _Embedded(node, shape.steps), carrier or _called(root), uid,
                        newer=shape.newer)  # fmt: skip


def _called(root: Node) -> str:
    kind, name = root["kind"], root["metadata"]["name"]
    if not (root.is_mapping and kind.known and isinstance(kind.value, str)):
        return "a text"
    return f"{kind.value}/{name.value}" if name.known and isinstance(name.value, str) else kind.value


def _uid_of(root: Node) -> str:
    """The uid that the resource which carries a dashboard gives it."""
    uid = root["spec"]["uid"] if root.is_mapping else root
    return uid.value if uid.known and isinstance(uid.value, str) and uid is not root else ""


class _Embedded:
    """Finds values of JSON that is a text inside a file: the lines of a literal block stand there as they are."""

    def __init__(self, node: Node, steps: Steps) -> None:
        self._node = node
        self._steps = steps

    def __call__(self, steps: Steps) -> Node:
        source, literal = self._inner
        found = places.find(source, *self._steps, *steps)
        at = self._node
        place = (at.source, found.span, found.key) if literal else (at.source, at.span, at.key)
        if found.present:
            return Node(found._value, *place)
        return Missing(Node(None, *place), (*self._steps, *steps)[-1])

    @cached_property
    def _inner(self) -> tuple[Source, bool]:
        """The text, and whether its places are those of the file."""
        source, span = self._node.source, self._node.span
        opening = source.line(span.line)[span.column - 1 :].strip()
        if source.exact and re.fullmatch(r"\|[-+0-9]{0,2}(?:[ \t]+#.*)?", opening):
            return Source(source.path, "\n" * span.line + "\n".join(source.lines[span.line : span.end_line])), True
        return Source(source.path, str(self._node.value)), False
