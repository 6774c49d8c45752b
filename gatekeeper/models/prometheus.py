"""Prometheus rules: alerts and recording rules, wherever their groups are written.

A rule file, a PrometheusRule, the values of a chart and a ConfigMap hold the same thing: `groups`, each with a name
and `rules`. So groups are found by that shape. Loki's ruler shares it; a file of promtool tests does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from gatekeeper.discover import Tree
from gatekeeper.models import Subject
from gatekeeper.node import Expression, Fault, Node, Source, Span, regex
from gatekeeper.parsers import yaml

_MAY_HOLD_RULES = regex(r"""(?:alert|record)["']?[ \t]*:""")
_LOOKS_ALIKE = regex(r"""^[ \t]*(?:-[ \t]+)?["']?(?:alert|record)["']?[ \t]*:[ \t]*\S""", re.MULTILINE)
_HELM = regex(r"\{\{-|\{%|\{\{[ \t]*(?:\.Values|\.Release|\.Chart|include|template|toYaml|if|range|with|end)\b")
_EMBEDDED = regex(r"^groups[ \t]*:", re.MULTILINE)

PAGING = frozenset(["critical", "page", "pager", "emergency", "disaster", "p0", "p1", "sev0", "sev1"])
SILENT = frozenset(["none", "null", "heartbeat", "deadman", "watchdog"])


class RuleGroup(Subject):
    """A group of rules that are evaluated together."""

    technology = "prometheus"
    example_path = "monitoring/rules.yaml"

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


class _GroupedRule(Subject):
    def __init__(self, node: Node, group: RuleGroup) -> None:
        super().__init__(node)
        self.group = group

    @cached_property
    def expr(self) -> Node:
        """The expression that is evaluated, PromQL or LogQL."""
        return _filled_in(self.node["expr"])

    @cached_property
    def labels(self) -> dict[str, Node]:
        """The labels of the rule and those that its group gives to all of its rules."""
        return {**dict(_items(self.group.node["labels"])), **dict(_items(self.node["labels"]))}


class RecordingRule(_GroupedRule):
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


class Alert(_GroupedRule):
    """A rule that fires."""

    technology = "prometheus"
    example_path = "monitoring/rules.yaml"

    @property
    def alert(self) -> str:
        return written(self.node["alert"])

    @property
    def name(self) -> str:
        return f"{self.group.name}/{self.alert or '(unnamed)'}"

    @property
    def span(self) -> Span:
        return self.node["alert"].mark

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
        return self.expr.known and _ALWAYS.match(self.expr.text.strip()) is not None

    @cached_property
    def summary(self) -> Node | None:
        """The annotation that says what is wrong."""
        return self._annotation("summary", "description", "message", "title")

    @cached_property
    def runbook(self) -> Node | None:
        """The annotation that names the runbook, or another that links to one."""
        named = next((node for name, node in self.annotations.items() if _RUNBOOK.search(name) and node.present), None)
        return named or next((node for node in self.annotations.values() if _links_to_runbook(node)), None)

    @cached_property
    def burn_rate(self) -> bool:
        """Whether it compares one objective over several windows: its windows do what `for` does elsewhere."""
        if not self.expr.known or not re.search(r"\band\b", self.expr.text, re.IGNORECASE):
            return False
        return len(set(_WINDOW.findall(self.expr.text))) > 1

    def _annotation(self, *names: str) -> Node | None:
        said = {name.lower(): node for name, node in self.annotations.items()}
        return next(
            (said[name] for name in names if name in said and (not said[name].known or said[name].text.strip())), None
        )


_ALWAYS = regex(r"(?:absent\()?vector\([ ]*\d+[ ]*\)(?:[ ]*(?:==|>)[ ]*\d+)?\Z")
_RUNBOOK = regex(r"run[-_]?book|play[-_]?book", re.IGNORECASE)
_WINDOW = regex(r"(?:\[|rate_?|_)(\d{1,5}(?:ms|[smhdwy]))(?![A-Za-z0-9])")


def _links_to_runbook(node: Node) -> bool:
    return node.known and any(
        _RUNBOOK.search(word) for word in node.text.split() if "/" in word or word.endswith(".md")
    )


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The groups, alerts and recording rules of a YAML file, and a fault where rules cannot be read."""
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
    for node in document.walk():
        if not node.is_mapping:
            continue
        if node["kind"].known and node["kind"] == "ConfigMap":
            yield from _of_config_map(node)
        elif node["groups"].is_list:
            for each in node["groups"]:
                if each.is_mapping and each["rules"].is_list and any(_is_rule(rule) for rule in each["rules"]):
                    group = RuleGroup(each)
                    yield group
                    yield from group.rules


def _is_rule(node: Node) -> bool:
    return node.is_mapping and ("alert" in node or "record" in node)


def _of_config_map(node: Node) -> Iterator[Subject | Fault]:
    """The rule files that a ConfigMap carries as text."""
    for _, data in _items(node["data"]):
        if (
            data.known
            and isinstance(data.value, str)
            and _EMBEDDED.search(data.value)
            and _LOOKS_ALIKE.search(data.value)
        ):
            documents = _embedded(data)
            for inner in documents.nodes:
                yield from _subjects(inner)
            for fault in documents.faults:
                yield Fault(data.source, fault.span, fault.message, fault.reason, "prometheus")


def _embedded(data: Node) -> yaml.Documents:
    """A text inside a file, parsed at its place: a literal block's lines stand there as they are, only indented."""
    source, span = data.source, data.span
    opening = source.line(span.line)[span.column - 1 :].strip()
    literal = re.fullmatch(r"\|[-+0-9]{0,2}(?:[ \t]+#.*)?", opening) is not None
    if literal:
        rows = ["", *source.lines[span.line : span.end_line]]
        text = "\n" * (span.line - 1) + "\n".join(rows)
    else:
        text = str(data.value)
    documents = yaml.parse(Source(source.path, text))
    for node in (inner for root in documents.nodes for inner in root.walk()):
        node.source = source
        if not literal:
            node.span, node.key = span, data.key
    faults = documents.faults if literal else [fault._replace(span=span) for fault in documents.faults]
    return yaml.Documents(documents.nodes, faults)


def _items(node: Node) -> Iterator[tuple[str, Node]]:
    """The pairs of labels or annotations. What a template fills in when the alert fires is an expression."""
    for name, value in node.items() if node.known else ():
        yield name, _filled_in(value)


def _filled_in(node: Node) -> Node:
    """The node, or an expression at its place where all of it is a template."""
    text = node.value.strip() if node.known and isinstance(node.value, str) else ""
    if text.startswith("{{") and text.endswith("}}"):
        return Node(Expression(text, "is filled in later"), node.source, node.span, node.key)
    return node


def written(node: Node) -> str:
    """A scalar's text, also of one that is filled in later."""
    expression = node.expression
    return expression.text if expression else node.text
