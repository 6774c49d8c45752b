"""The rules of Grafana's groups in Terraform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gatekeeper.models import Subject
from gatekeeper.models.alarm_backends.made import MadeAlarm, Spelled, written
from gatekeeper.models.grafana import condition_of
from gatekeeper.models.prometheus import seconds
from gatekeeper.node import Node, Span

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource


class GrafanaRule(MadeAlarm):
    """One rule of a `grafana_rule_group`."""

    backend = "grafana"
    titles = ("name",)

    def __init__(self, resource: Resource, number: int, rule: Node) -> None:
        super().__init__(resource)
        self.number = number
        self._rule = rule

    @property
    def node(self) -> Node:  # type: ignore[override]  # that of the rule, not of the group that the resource is
        return self._rule

    @property
    def name(self) -> str:
        return f"{self.resource.name}/{self.title}"

    @property
    def title(self) -> str:
        return written(self.node["name"]) or str(self.number)

    @property
    def span(self) -> Span:
        return self.node["name"].mark

    def alternatives(self) -> Sequence[Subject]:
        from gatekeeper.models.terraform import Resource

        others = [each for each in self.resource.alternatives() if isinstance(each, Resource)]
        found = [(each, _rules(each)) for each in others]
        return [GrafanaRule(each, self.number, rules[self.number]) for each, rules in found if self.number < len(rules)]

    @property
    def spelled(self) -> Spelled | None:
        data = self.node["data"]
        steps = Node([data], data.source, data.span) if data.is_mapping else data
        found = condition_of(steps, written(self.node["condition"]))
        return Spelled(found.text, True, seconds(self.node["for"])) if found else None

    @property
    def severity(self) -> Node | None:
        labels = self.node["labels"]
        return next((labels[name] for name in ("severity", "priority", "level") if labels[name].present), None)

    @property
    def summary(self) -> Node | None:
        said = self.node["annotations"]
        return next((said[name] for name in ("summary", "description", "message") if said[name].present), None)

    @property
    def runbook(self) -> Node | None:
        said = self.node["annotations"]
        return next((said[name] for name in ("runbook_url", "runbook", "playbook_url") if said[name].present), None)


def _rules(resource: Resource) -> list[Node]:
    return [rule for rule in resource.blocks("rule") if rule.is_mapping and not rule["record"].present]


def alarms(resource: Resource) -> Iterator[MadeAlarm]:
    for number, rule in enumerate(_rules(resource)):
        yield GrafanaRule(resource, number, rule)
