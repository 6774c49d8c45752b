"""Prometheus rules: alerts and recording rules, wherever their groups are written.

A rule file, a PrometheusRule, the values of a chart and a ConfigMap hold the same thing: `groups`, each with a name
and `rules`. So groups are found by that shape. Loki's ruler shares it; a file of promtool tests does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from gatekeeper.discover import Tree
from gatekeeper.models import Subject
from gatekeeper.models.alarms import PAGING as PAGING
from gatekeeper.models.alarms import PLACES, Bound, RoutedAlarm, Signal
from gatekeeper.models.embedded import inside
from gatekeeper.node import Expression, Fault, Node, Source, Span, cached_property, regex
from gatekeeper.parsers import yaml

if TYPE_CHECKING:
    from gatekeeper.models.promql_meaning import Meaning
    from gatekeeper.parsers.promql import Query

_MAY_HOLD_RULES = regex(r"""(?:alert|record)["']?[ \t]*:""")
_LOOKS_ALIKE = regex(r"""^[ \t]*(?:-[ \t]+)?["']?(?:alert|record)["']?[ \t]*:[ \t]*\S""", re.MULTILINE)
_HELM = regex(r"\{\{-|\{%|\{\{[ \t]*(?:\.Values|\.Release|\.Chart|include|template|toYaml|if|range|with|end)\b")
_OF_SERVERS = ("scrape_configs", "prometheusSpec", "Prometheus")
_MAY_BE_A_SERVERS = regex(
    r"""^[ \t]*["']?(?:scrape_configs|prometheusSpec)["']?[ \t]*:|^[ \t]*kind[ \t]*:[ \t]*Prometheus[ \t]*$""",
    re.MULTILINE,
)
_EMBEDDED = regex(r"^groups[ \t]*:", re.MULTILINE)

SILENT = frozenset(["none", "null", "heartbeat", "deadman", "watchdog"])


class RuleGroup(Subject):
    """A group of rules that are evaluated together. `home` is the object that holds it, or the whole document."""

    technology = "prometheus"
    example_path = "monitoring/rules.yaml"

    def __init__(self, node: Node, home: Node | None = None) -> None:
        super().__init__(node)
        self.home = node if home is None else home

    @property
    def of_object(self) -> bool:
        """Whether an object of the cluster holds it, and not a file that Prometheus reads itself."""
        return _text_of(self.home, "kind") != ""

    @cached_property
    def language(self) -> str:
        """What its expressions are written in: promql, logql (Loki's ruler), metricsql (VictoriaMetrics)."""
        kind, made_by = _text_of(self.home, "kind"), _text_of(self.home, "apiVersion")
        if made_by.startswith("loki.") or kind.startswith("Loki"):
            return "logql"
        if kind == "VMRule":
            return "metricsql"
        exprs = [node["expr"].text for node in self.node["rules"] if node.is_mapping and node["expr"].known]
        bare = [_TEXTS.sub('""', expr) for expr in exprs]
        if any("|" in expr or _LINES.search(expr) for expr in bare):
            return "logql"
        by_path = kind == "" and "loki" in self.path.lower()
        return "logql" if by_path and not any(map(_asks_for_a_metric, bare)) else "promql"

    @property
    def name(self) -> str:
        return written(self.node["name"]) or "(unnamed)"

    @property
    def span(self) -> Span:
        return self.node["name"].mark if self.node["name"].present else self.node.span

    @cached_property
    def rules(self) -> list[Alert | RecordingRule]:
        found = (node for node in self.node["rules"] if node.is_mapping)
        return [Alert(node, self) if "alert" in node else RecordingRule(node, self) for node in found if _is_rule(node)]


# It begins with the quote, and looks behind it then: what begins with a class of characters is searched for quickly.
_TEXTS = regex(
    r'["\'`\#](?:(?<=")[^"\\]*(?:\\.[^"\\]*)*"|(?<=\')[^\'\\]*(?:\\.[^\'\\]*)*\'|(?<=`)[^`]*`|(?<=\#)[^\n]*)'
)
_LINES = regex(r"\b(?:rate|count_over_time|bytes_rate|bytes_over_time)\s*\(\s*\{(?!\s*__name__)")  # no metric: of logs
_NOT_METRICS = regex(r"\{[^{}]*\}|\[[^\[\]]*\]|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)")
_METRIC = regex(
    r"(?<![\w:.])(?!(?:and|or|unless|bool|offset|by|without|on|ignoring|inf|nan)\b)[a-zA-Z_:][\w:]*(?![\w:]|\s*\()"
)


def _asks_for_a_metric(expr: str) -> bool:
    """Whether an expression without its texts names a metric, which LogQL never does."""
    return _METRIC.search(_NOT_METRICS.sub(" ", expr)) is not None


class GroupedRule(Subject):
    """An alert or a recording rule."""

    technology = "prometheus"
    example_path = "monitoring/rules.yaml"

    def __init__(self, node: Node, group: RuleGroup) -> None:
        super().__init__(node)
        self.group = group

    @cached_property
    def expr(self) -> Node:
        """The expression that is evaluated, PromQL or LogQL."""
        return filled_in(self.node["expr"])

    @cached_property
    def query(self) -> Query | None:
        """Its expression, where that is PromQL that can be read. Why it is not, `parse` says."""
        if self.group.language == "logql" or not self.expr.known:
            return None
        from gatekeeper.parsers import promql  # loaded where there are rules

        try:
            return promql.parse(self.expr.text)
        except promql.Malformed:
            return None

    @cached_property
    def labels(self) -> dict[str, Node]:
        """The labels of the rule and those that its group gives to all of its rules."""
        return {**dict(_items(self.group.node["labels"])), **dict(_items(self.node["labels"]))}


class RecordingRule(GroupedRule):
    """A rule that stores its expression's result under another metric name."""

    technology = "prometheus"
    example_path = "monitoring/rules.yaml"

    @property
    def record(self) -> str:
        return written(self.node["record"])

    @property
    def name(self) -> str:
        return f"{self.group.name}/{self.record}"

    @property
    def span(self) -> Span:
        return self.node["record"].span


class Alert(GroupedRule, RoutedAlarm):
    """A rule that fires. Where Loki evaluates it, its expression is LogQL: not read."""

    technology = "prometheus"
    example_path = "monitoring/rules.yaml"

    @property
    def backend(self) -> str:
        return "loki" if self.group.language == "logql" else "prometheus"

    @cached_property
    def alert(self) -> str:
        return written(self.node["alert"])

    @property
    def name(self) -> str:
        return f"{self.group.name}/{self.alert or '(unnamed)'}"

    @property
    def span(self) -> Span:
        return self.node["alert"].mark

    @property
    def title(self) -> str:
        return self.alert

    @cached_property
    def meaning(self) -> Meaning:
        """What its expression says; nothing where it is no PromQL. Raises `Unresolved`."""
        from gatekeeper.models.promql_meaning import Meaning, meaning  # its parser is loaded where there are alerts

        return meaning(self.expr.text, self.alert) if self.backend == "prometheus" else Meaning()

    @property
    def signal(self) -> Signal | None:
        return self.meaning.signal

    @cached_property
    def bounds(self) -> tuple[Bound, ...]:
        from gatekeeper.models.promql_meaning import limits

        held = seconds(self.node["for"])
        known = limits(self.expr.text) if self.backend == "prometheus" else ()
        return tuple(Bound(*each, held, self.expr) for each in known)

    @cached_property
    def services(self) -> frozenset[str]:
        """The names that its labels give and its matchers ask for. A `*` stands for whatever else is in a name."""
        said = (self.labels[name] for name in _IDENTITY if name in self.labels)
        given = {node.text.strip() for node in said if node.known and "{{" not in node.text}
        return self.meaning.services | frozenset(given - {""})

    @property
    def spared(self) -> frozenset[str]:
        return self.meaning.spared

    @cached_property
    def places(self) -> frozenset[str]:
        return self.meaning.places | places_of(self.labels)

    @cached_property
    def annotations(self) -> dict[str, Node]:
        return dict(_items(self.node["annotations"]))

    @cached_property
    def severity(self) -> Node | None:
        """The label that says how urgent it is; an expression when a template fills it in."""
        return next(
            (self.labels[name] for name in ("severity", "priority", "level", "urgency") if name in self.labels), None
        )

    @cached_property
    def pages(self) -> bool:
        """Whether its severity gets somebody out of bed. Raises `Unresolved` when that is filled in later."""
        return self.severity is not None and self.severity.text.strip().lower() in PAGING

    @cached_property
    def silent(self) -> bool:
        """Whether it tells nobody: it always fires to prove that alerting works, or its severity is `none`."""
        if self.severity is not None and self.severity.known and self.severity.text.lower() in SILENT:
            return True
        return self.always

    @property
    def always(self) -> bool:
        """Whether it always fires: its expression asks for nothing."""
        return self.expr.known and _ALWAYS.match(self.expr.text.strip()) is not None

    @cached_property
    def summary(self) -> Node | None:
        """The annotation that says what is wrong."""
        return self._annotation("summary", "description", "message", "title")

    @cached_property
    def runbook(self) -> Node | None:
        """The annotation that names the runbook, or another that links to one."""
        named = next((node for name, node in self.annotations.items() if _RUNBOOK.search(name) and _says(node)), None)
        return named or next((node for node in self.annotations.values() if _links_to_runbook(node)), None)

    @cached_property
    def burn_rate(self) -> bool:
        """Whether it compares one objective over several windows: its windows do what `for` does elsewhere."""
        if not self.expr.known or "and" not in self.expr.text.lower():
            return False
        if not re.search(r"\band\b", self.expr.text, re.IGNORECASE):
            return False
        return len(set(_WINDOW.findall(self.expr.text))) > 1

    @property
    def budgets(self) -> frozenset[float]:
        from gatekeeper.models.promql_meaning import budgets

        return budgets(self.expr.text) if self.backend == "prometheus" and self.expr.known else frozenset()

    def _annotation(self, *names: str) -> Node | None:
        said = {name.lower(): node for name, node in self.annotations.items()}
        return next((said[name] for name in names if name in said and _says(said[name])), None)


_IDENTITY = ("service", "app", "application", "component", "job", "service_name", "sloth_service")
_ALWAYS = regex(r"(?:absent\()?vector\([ ]*\d+[ ]*\)(?:[ ]*(?:==|>)[ ]*\d+)?\Z")
_RUNBOOK = regex(r"run[-_]?book|play[-_]?book", re.IGNORECASE)
_WINDOW = regex(r"(?:\[|rate_?|_)(\d{1,5}(?:ms|[smhdwy]))(?![A-Za-z0-9])")


_HOLLOW = regex(r"\W*(?:todo|tbd|tba|fixme|none|null|n/?a|change[-_ ]?me|x{3,})?\W*\Z", re.IGNORECASE)


def _says(node: Node) -> bool:
    """Whether it says something, and not that somebody will (`TODO`)."""
    return not node.known or (node.present and _HOLLOW.match(node.text) is None)


def _links_to_runbook(node: Node) -> bool:
    return node.known and any(
        _RUNBOOK.search(word) for word in node.text.split() if "/" in word or word.endswith(".md")
    )


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The groups, alerts and recording rules of a YAML file, and a fault where rules cannot be read."""
    if any(word in source.text for word in _OF_SERVERS) and _MAY_BE_A_SERVERS.search(source.text):
        from gatekeeper.models.prometheus_server import servers

        for node in source.once(yaml.parse).nodes:
            yield from servers(node)
    if not _MAY_HOLD_RULES.search(source.text):
        return
    documents = source.once(yaml.parse)
    for node in documents.nodes:
        yield from _subjects(node)
    for fault in documents.faults if _LOOKS_ALIKE.search(source.text) else ():
        if "{{" in source.text and _HELM.search(source.text):
            words = "rules in a template that is not rendered cannot be judged"
            yield Fault(source, fault.span, words, "template-unrendered", "prometheus", "audit what it renders to")
        else:
            yield fault._replace(technology="prometheus")


def of_node(node: Node) -> Iterator[Subject | Fault]:
    """The groups, alerts and recording rules of an object that was made of something else than a file."""
    yield from _subjects(node)


def _subjects(document: Node) -> Iterator[Subject | Fault]:
    if _text_of(document, "kind") == "List" and document["items"].is_list:
        for item in document["items"]:
            yield from _subjects(item)
        return
    if document.is_mapping and "suite" in document and document["tests"].is_list:
        return  # what a test of a chart expects
    for node in _mappings(document):
        if node["kind"].known and node["kind"] == "ConfigMap":
            yield from _of_config_map(node)
        elif node["groups"].is_list:
            for each in filter(_is_group, node["groups"]):
                group = RuleGroup(each, document)
                yield group
                yield from group.rules


def _mappings(document: Node) -> Iterator[Node]:
    """The mappings of a document but for what is in a group of rules: nothing else is looked for there, and it is most
    of what there is. Each once, parents first."""
    seen: set[int] = set()
    stack = [document]
    while stack:
        node = stack.pop()
        if id(node) in seen or not node.known:
            continue
        seen.add(id(node))
        if node.is_list:
            stack.extend(each for each in reversed(node.value) if not _is_group(each))
        elif node.is_mapping:
            yield node
            stack.extend(reversed(node.value.values()))


def _is_group(node: Node) -> bool:
    return node.is_mapping and node["rules"].is_list and any(map(_is_rule, node["rules"]))


def _text_of(node: Node, key: str) -> str:
    """What a mapping says under a key; '' where it is none, or nothing that is known."""
    return node[key].text if node.is_mapping and node[key].known else ""


def _is_rule(node: Node) -> bool:
    return node.is_mapping and ("alert" in node or "record" in node) and not node["data"].is_list  # Grafana's own


def _of_config_map(node: Node) -> Iterator[Subject | Fault]:
    """The rule files that a ConfigMap carries as text."""
    for _, data in _items(node["data"]):
        if (
            data.known
            and isinstance(data.value, str)
            and _EMBEDDED.search(data.value)
            and _LOOKS_ALIKE.search(data.value)
        ):
            documents = embedded(data)
            for inner in documents.nodes:
                yield from _subjects(inner)
            for fault in documents.faults:
                yield Fault(data.source, fault.span, fault.message, fault.reason, "prometheus")


def embedded(data: Node) -> yaml.Documents:
    """A text inside a file, parsed at its place."""
    return inside(data).documents()


def _items(node: Node) -> Iterator[tuple[str, Node]]:
    """The pairs of labels or annotations. What a template fills in when the alert fires is an expression."""
    for name, value in node.items() if node.known else ():
        yield name, filled_in(value)


def filled_in(node: Node) -> Node:
    """The node, or an expression at its place where all of it is a template."""
    text = node.value.strip() if node.known and isinstance(node.value, str) else ""
    if text.startswith("{{") and text.endswith("}}"):
        return Node(Expression(text, "is filled in later"), node.source, node.span, node.key)
    return node


_DURATION = regex("".join(rf"(?:(\d{{1,9}}){unit})?" for unit in ("y", "w", "d", "h", "m", "s", "ms")) + r"\Z")
_SECONDS = (31_536_000, 604_800, 86_400, 3_600, 60, 1, 0.001)


def seconds(node: Node) -> float | None:
    """A duration of Prometheus (`1h30m`) in seconds; None for what is none, or not known."""
    return duration(node.text) if node.known else None


def duration(text: str) -> float | None:
    """The same of a text, as programs in Go write it too (`720h0m0s`)."""
    text = text.strip()
    found = _DURATION.match(text)
    if not text or not found:
        return 0.0 if text == "0" else None
    return float(sum(int(part) * unit for part, unit in zip(found.groups(), _SECONDS, strict=True) if part))


def places_of(labels: Mapping[str, Node]) -> frozenset[str]:
    """The environments that labels say."""
    said = (labels[name] for name in PLACES if name in labels)
    return frozenset(node.text for node in said if node.known and node.text and "{{" not in node.text)


def written(node: Node) -> str:
    """A scalar's text, also of one that is filled in later."""
    expression = node.expression
    return expression.text if expression else node.text
