"""Alert rules of Grafana: provisioned from files, as objects of its operator, and what Terraform's groups share.

A rule queries, reduces what comes, and compares: each step has a name and refers to another. Followed back from the
condition they are one comparison, which is spelled as PromQL where the query is.
https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.discover import Tree
from gatekeeper.models import Subject
from gatekeeper.models.alarms import RUNBOOK, Bound, RoutedAlarm, Signal
from gatekeeper.models.prometheus import filled_in, places_of, seconds, written
from gatekeeper.node import Fault, Node, Source, Span, regex
from gatekeeper.parsers import json, yaml

if TYPE_CHECKING:
    from gatekeeper.models.promql_meaning import Meaning

_EVALUATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "==", "ne": "!="}
_STEPS = 8  # from the condition back to the query
_REFERENCE = regex(r"\$(?:\{([^{}]{1,40})\}|([A-Za-z]\w{0,40}))")


class Condition(NamedTuple):
    """What a rule compares, as PromQL, and the query that it is about."""

    text: str
    query: Node


class GrafanaAlert(RoutedAlarm):
    """A rule that Grafana evaluates itself. Rules that record are none."""

    technology = "grafana"
    example_path = "grafana/provisioning/alerting/rules.yaml"
    backend = "grafana"

    def __init__(self, node: Node, group: str) -> None:
        super().__init__(node)
        self.group = group

    @property
    def name(self) -> str:
        return f"{self.group}/{self.title}" if self.group else self.title

    @property
    def span(self) -> Span:
        return self.node["title"].mark

    @property
    def title(self) -> str:
        return written(self.node["title"]) or "(unnamed)"

    @cached_property
    def condition(self) -> Condition | None:
        return condition_of(self.node["data"], written(self.node["condition"]))

    @cached_property
    def _meaning(self) -> Meaning:
        from gatekeeper.models.promql_meaning import Meaning, meaning  # its parser is loaded where there are alerts

        return meaning(self.condition.text, self.title) if self.condition else Meaning()

    @property
    def signal(self) -> Signal | None:
        return self._meaning.signal

    @cached_property
    def bounds(self) -> tuple[Bound, ...]:
        from gatekeeper.models.promql_meaning import limits

        held = seconds(self.node["for"])
        it = self.condition
        return tuple(Bound(*each, held, it.query) for each in limits(it.text)) if it else ()

    @property
    def services(self) -> frozenset[str]:
        named = (self.labels[name] for name in ("service", "app", "component", "job") if name in self.labels)
        return self._meaning.services | {node.text for node in named if node.known and node.text}

    @property
    def spared(self) -> frozenset[str]:
        return self._meaning.spared

    @property
    def places(self) -> frozenset[str]:
        return self._meaning.places | places_of(self.labels)

    @property
    def paused(self) -> bool:
        return self.node["isPaused"].known and self.node["isPaused"].text.lower() == "true"

    @cached_property
    def labels(self) -> dict[str, Node]:
        return _pairs(self.node["labels"])

    @cached_property
    def annotations(self) -> dict[str, Node]:
        return _pairs(self.node["annotations"])

    @property
    def severity(self) -> Node | None:
        return next((self.labels[name] for name in ("severity", "priority", "level") if name in self.labels), None)

    @property
    def summary(self) -> Node | None:
        said = (self.annotations[name] for name in ("summary", "description", "message") if name in self.annotations)
        return next((node for node in said if not node.known or node.text.strip()), None)

    @property
    def runbook(self) -> Node | None:
        return next((node for name, node in self.annotations.items() if RUNBOOK.search(name) and node.present), None)

    @property
    def receiver(self) -> Node:
        """The contact point that the rule names itself, past the policies."""
        named = self.node["notification_settings"]
        return named["receiver"] if named.present else self.node["notificationSettings"]["receiver"]


def _pairs(node: Node) -> dict[str, Node]:
    return {key: filled_in(value) for key, value in node.items()} if node.known and node.is_mapping else {}


def condition_of(data: Node, ref: str) -> Condition | None:
    """What a rule compares; None where that is not one query that is written here."""
    steps = {written(_either(each, "refId", "ref_id")): each for each in data} if data.known and data.is_list else {}
    return _compared(steps, ref) if ref else None


def _compared(steps: dict[str, Node], ref: str) -> Condition | None:
    model = _model(steps.get(ref))
    if model is None:
        return None
    kind = written(model["type"])
    if kind in ("threshold", "classic_conditions"):
        first = model["conditions"][0] if len(model["conditions"]) == 1 else model["conditions"]["none"]
        evaluator = first["evaluator"]
        operator, limit = _EVALUATORS.get(written(evaluator["type"])), evaluator["params"][0]
        source = written(model["expression"]) or written(first["query"]["params"][0])
        queried = _queried(steps, source.strip("$"))
        if not operator or not limit.known or limit.number is None or queried is None:
            return None
        return Condition(f"({queried.text}) {operator} {limit.number}", queried.query)
    if kind == "math":
        return _reckoned(steps, written(model["expression"]))
    return _query(model)  # compared in the query itself


def _queried(steps: dict[str, Node], ref: str) -> Condition | None:
    """The query behind a step, through those that only reduce it; in arithmetic, with what stands for the others."""
    for _ in range(_STEPS):
        model = _model(steps.get(ref))
        if model is None:
            return None
        kind = written(model["type"])
        if kind == "math":
            return _reckoned(steps, written(model["expression"]))
        if kind not in ("reduce", "resample"):
            return _query(model)
        ref = written(model["expression"]).strip("$")
    return None


def _reckoned(steps: dict[str, Node], text: str) -> Condition | None:
    """Arithmetic over other steps: their queries stand in their places."""
    found = {name: _direct(steps, name) for pair in _REFERENCE.findall(text) for name in pair if name}
    if not found or not all(found.values()):
        return None
    first = next(each for each in found.values() if each is not None)
    spelled = _REFERENCE.sub(lambda name: f"({each.text})" if (each := found[name[1] or name[2]]) else "", text)
    return Condition(spelled.replace("&&", "and").replace("||", "or"), first.query)


def _direct(steps: dict[str, Node], ref: str) -> Condition | None:
    for _ in range(_STEPS):
        model = _model(steps.get(ref))
        if model is None or written(model["type"]) in ("math", "threshold", "classic_conditions"):
            return None
        if written(model["type"]) not in ("reduce", "resample"):
            return _query(model)
        ref = written(model["expression"]).strip("$")
    return None


def _query(model: Node) -> Condition | None:
    expr = model["expr"]
    return Condition(expr.text, expr) if expr.known and expr.text.strip() else None


def _model(step: Node | None) -> Node | None:
    """What a step does: a mapping, or a text of JSON in Terraform."""
    if step is None:
        return None
    model = step["model"]
    if model.known and isinstance(model.value, str):
        parsed = json.parse(Source(model.source.path, model.value)).nodes
        root = parsed[0] if parsed else None
        for node in root.walk() if root is not None else ():
            node.source, node.span, node.key = model.source, model.span, model.key
        return root if root is not None and root.is_mapping else None
    return model if model.is_mapping else None


def _either(node: Node, *names: str) -> Node:
    return next((node[name] for name in names if node[name].present), node[names[0]])


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The rules of a file that Grafana is provisioned from, or of an object of its operator."""
    for document in source.once(yaml.parse).nodes:
        for node in document.walk():
            if node.is_mapping:
                yield from _rules(node)


def _rules(node: Node) -> Iterator[GrafanaAlert]:
    if node["kind"].known and node["kind"] == "GrafanaAlertRuleGroup":
        groups = [(node["spec"], written(node["metadata"]["name"]))]
    elif node["groups"].is_list:
        groups = [(each, written(each["name"])) for each in node["groups"] if each.is_mapping]
    else:
        return
    for group, name in groups:
        for rule in group["rules"] if group["rules"].is_list else ():
            if rule.is_mapping and rule["data"].is_list and rule["title"].present and not rule["record"].present:
                yield GrafanaAlert(rule, name)
