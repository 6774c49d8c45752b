"""The output of `helm template` to objects that stand where the templates stand which made them."""

from __future__ import annotations

import base64
import binascii
import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gatekeeper.discover import Tree
from gatekeeper.models.credentials import is_credential
from gatekeeper.models.helm import Chart, written_in
from gatekeeper.models.helm.places import lines_of
from gatekeeper.models.kubernetes.selector import written
from gatekeeper.node import Expression, Node, Source, Span, regex
from gatekeeper.parsers import yaml

_MARK = "# Source: "
MADE_UP = "is made anew whenever the chart is rendered"
_NAMESPACE = "is the namespace that the release is put into"
_MAKES_UP = regex(
    r"\b(?:rand(?:Alpha|AlphaNum|Ascii|Numeric|Bytes|Int)|uuidv4|gen(?:CA|SelfSignedCert|SignedCert|PrivateKey)\w{0,20}"
    r"|now|htpasswd|bcrypt|encryptAES|lookup)\b"
)


class Document(NamedTuple):
    """One document of the output: the template as Helm names it (`chart/templates/a.yaml`), and its text."""

    template: str
    text: str


class Doubt(NamedTuple):
    """How values are told that rendering made up, or that were given for a test: `again` is what came out a second
    time; `chart` is all the text of a chart, where a credential that is none of it is to count as such."""

    again: str = ""
    chart: str | None = None


class Made(Source):
    """A template, for what it made: a value stands on a line of it, but is not the text of that line."""

    exact = False


def _made_by(source: Source) -> Source:
    return Made(source.path, source.text)


class Place(NamedTuple):
    """Where a template stands: its source, or, where it is not here as text, the line that brings it in."""

    source: Source
    span: Span | None = None

    @property
    def plain(self) -> bool:
        """Whether Helm gives it out as it stands: it is judged as a file."""
        return self.span is None and "{{" not in self.source.text


def documents(text: str) -> Iterator[Document]:
    """The documents that say which template made them."""
    template = ""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("---") and not line[3:].strip():
            if template:
                yield Document(template, "\n".join(lines))
            template, lines = "", []
        elif line.startswith(_MARK) and not template:
            template = line.removeprefix(_MARK).strip()
            lines = []
        else:
            lines.append(line)
    if template:
        yield Document(template, "\n".join(lines))


def makes_up(chart: Chart, tree: Tree) -> bool:
    """Whether something in a chart may come out otherwise each time: a password, a certificate, a date."""
    return (
        bool(_MAKES_UP.search(text_of(chart, tree)))
        or any(each.local for each in chart.dependencies)
        or any(path.endswith(".tgz") for path in _below(chart, tree))
    )


def text_of(chart: Chart, tree: Tree) -> str:
    """All that is written in a chart's folder, but for the values of its tests."""
    tests = posixpath.join(chart.folder, "ci") + "/"
    wanted = (
        path
        for path in _below(chart, tree)
        if path.endswith((".yaml", ".yml", ".tpl", ".json", ".txt")) and not path.startswith(tests)
    )
    return "\n".join(written_in(tree, path) for path in wanted)


def _below(chart: Chart, tree: Tree) -> list[str]:
    prefix = f"{chart.folder}/" if chart.folder else ""
    return [path for path in tree.paths if path.startswith(prefix)]


class Layout:
    """Where the templates of a chart stand that Helm names, in the chart itself and in those it depends on."""

    def __init__(self, chart: Chart, charts: Sequence[Chart], tree: Tree) -> None:
        self.chart = chart
        self._tree = tree
        self._by_folder = {each.folder: each for each in charts}
        self._parts: dict[str, list[Chart]] = {}
        for each in charts:
            if each.is_part:
                self._parts.setdefault(each.part_of, []).append(each)
        self._found: dict[str, Place | None] = {}

    def place(self, template: str) -> Place | None:
        """Where a template stands; None for one that is not this chart's."""
        if template not in self._found:
            self._found[template] = self._place(template)
        return self._found[template]

    def _place(self, template: str) -> Place | None:
        name, _, rest = template.partition("/")
        if name != self.chart.chart_name:
            return None
        chart = self.chart
        for _ in range(20):
            if not rest.startswith("charts/"):
                break
            part, _, rest = rest.removeprefix("charts/").partition("/")
            below = self._part(chart, part)
            if below is None:
                return self._brought_in(chart, part)
            chart = below
        path = posixpath.join(chart.folder, rest)
        return Place(self._tree.source(path).once(_made_by)) if path in self._tree else None

    def _part(self, chart: Chart, name: str) -> Chart | None:
        """The chart that another one knows under a name: in its `charts/`, or in the folder that it names."""
        entry = next((each for each in chart.dependencies if name in (each.alias, each.name)), None)
        wanted = entry.name if entry else name
        for each in self._parts.get(chart.folder, ()):
            if wanted in (each.chart_name, posixpath.basename(each.folder)):
                return each
        local = entry.local if entry else ""
        return self._by_folder.get(posixpath.normpath(posixpath.join(chart.folder, local))) if local else None

    def _brought_in(self, chart: Chart, name: str) -> Place:
        """What an archive holds stands where the chart names it."""
        entry = next((each for each in chart.dependencies if name in (each.alias, each.name)), None)
        node = entry.node if entry else chart.node
        source = chart.node.source.once(_made_by)
        return Place(source, source.line_span(node.span.line))


def objects(text: str, layout: Layout, namespace: str, doubt: Doubt) -> Iterator[Node]:
    """Every document, its nodes where the template stands."""
    twins = _by_template(doubt.again)
    for document in documents(text):
        place = layout.place(document.template)
        twin = next(twins.get(document.template, iter(())), None)
        if place is None or place.plain:
            continue
        source = Source(place.source.path, document.text)
        numbers = [] if place.span else lines_of(source.lines, place.source)
        nodes = yaml.parse(source).nodes
        same = twin is None or twin.text == document.text
        others = [] if same or not twin else yaml.parse(Source(place.source.path, twin.text)).nodes
        for number, node in enumerate(nodes):
            if node.is_mapping and not _is_test(node):
                settled = _settled(node, others[number]) if number < len(others) else node
                if doubt.chart is not None:
                    settled = _without_made_up(settled, doubt.chart)
                yield _Placing(place, numbers, namespace).placed(settled)


def unreadable(text: str, layout: Layout) -> set[str]:
    """The templates of which something came out that is no YAML: what that is, nobody judged."""
    broken = (each for each in documents(text) if yaml.parse(Source(each.template, each.text)).faults)
    return {place.source.path for each in broken if (place := layout.place(each.template))}


_ACTION = regex(r"\{\{-?[ \t\n]{0,20}(?:if|range|with|define|block|include|template|tpl|fail)\b|helm\.sh/hook")
_KIND = regex(r"^kind:[ ]{0,4}\S", re.MULTILINE)


def always_makes(path: str, chart: Chart, tree: Tree) -> bool:
    """Whether a template of the chart itself makes an object whatever the values are: nothing in it is a condition."""
    own = path.startswith(posixpath.join(chart.folder, "templates") + "/")
    text = written_in(tree, path) if own else ""
    ignored = own and "templates" in written_in(tree, posixpath.join(chart.folder, ".helmignore"))
    return not ignored and _KIND.search(text) is not None and not _ACTION.search(text)


def _by_template(text: str) -> dict[str, Iterator[Document]]:
    found: dict[str, list[Document]] = {}
    for each in documents(text):
        found.setdefault(each.template, []).append(each)
    return {template: iter(listed) for template, listed in found.items()}


def _is_test(node: Node) -> bool:
    """Whether it is made for `helm test` alone."""
    return written(node["metadata"]["annotations"]["helm.sh/hook"]).strip() in ("test", "test-success")


class _Placing:
    """One document's nodes, put where its template stands."""

    def __init__(self, place: Place, numbers: Sequence[int], namespace: str) -> None:
        self._place = place
        self._numbers = numbers
        self._namespace = namespace
        self._done: dict[int, Node] = {}

    def placed(self, node: Node) -> Node:
        known = self._done.get(id(node))
        if known is not None:
            return known
        value: object = node.expression if not node.known else node.value
        if isinstance(value, dict):
            value = {key: self._child(key, child) for key, child in value.items()}
        elif isinstance(value, list):
            value = [self.placed(child) for child in value]
        key = self._span(node.key) if node.key else None
        made = Node(value, self._place.source, self._span(node.span), key, node.tag)
        self._done[id(node)] = made
        return made

    def _child(self, key: str, node: Node) -> Node:
        """The value under a key; the namespace that the release is put into is not known, wherever it is named."""
        made = self.placed(node)
        if key == "namespace" and made.known and made == self._namespace and self._filled_in(made):
            return Node(Expression(".Release.Namespace", _NAMESPACE), made.source, made.span, made.key)
        return made

    def _filled_in(self, node: Node) -> bool:
        return self._place.span is not None or "{{" in node.source.line(node.span.line)

    def _span(self, span: Span) -> Span:
        if self._place.span:
            return self._place.span
        number = self._numbers[min(span.line, len(self._numbers)) - 1] if self._numbers else 1
        return self._place.source.line_span(number)


def _settled(node: Node, other: Node) -> Node:
    """The node with an expression for every value that a second rendering gives otherwise."""
    value, twin = node.value, other.value
    if isinstance(value, dict) and isinstance(twin, dict):
        inner = {key: _settled(child, twin[key]) if key in twin else child for key, child in value.items()}
        return Node(inner, node.source, node.span, node.key, node.tag)
    if isinstance(value, list) and isinstance(twin, list) and len(value) == len(twin):
        items = [_settled(child, same) for child, same in zip(value, twin, strict=True)]
        return Node(items, node.source, node.span, node.key, node.tag)
    if isinstance(value, (dict, list)) or value == twin:
        return node
    return _made_up(node)


def _made_up(node: Node) -> Node:
    return Node(Expression("{{ a new value }}", MADE_UP), node.source, node.span, node.key)


def _without_made_up(node: Node, chart: str) -> Node:
    """The object with an expression for each credential that stands nowhere in the text of its chart."""
    if written(node["kind"]) == "Secret":
        inner = {field: _secrets(child, chart, field) for field, child in node.items()}
        return Node(inner, node.source, node.span, node.key)
    for each in node.walk():
        value = written(each["value"]) if each.is_mapping else ""
        if value not in chart and is_credential(written(each["name"]), value):
            each.value["value"] = _made_up(each["value"])
    return node


def _secrets(node: Node, chart: str, field: str) -> Node:
    if field not in ("data", "stringData") or not node.is_mapping:
        return node
    found: dict[str, Node] = {}
    for key, value in node.items():
        text = _decoded(written(value)) if field == "data" else written(value)
        there = all(line.strip() in chart for line in text.splitlines()[:200])
        found[key] = value if there else _made_up(value)
    return Node(found, node.source, node.span, node.key)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return text


def template_files(chart: Chart, charts: Sequence[Chart], tree: Tree) -> list[str]:
    """The files of a chart and of its parts that Helm may make objects of, and the partials among them."""
    prefix = f"{chart.folder}/" if chart.folder else ""
    others = tuple(
        f"{each.folder}/"
        for each in charts
        if each is not chart and not each.is_part and each.folder.startswith(prefix)
    )
    return [
        path
        for path in tree.paths
        if path.startswith(prefix)
        and "/templates/" in f"/{path[len(prefix) :]}"
        and path.endswith((".yaml", ".yml", ".json", ".tpl"))
        and not path.startswith(others)
    ]


def is_partial(path: str) -> bool:
    """Whether Helm makes nothing of a file but what others include of it."""
    return posixpath.basename(path).startswith("_")
