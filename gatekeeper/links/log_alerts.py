"""Alerts on what logs say, whoever evaluates them; and the metrics that are made of logs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.links.judged import holding
from gatekeeper.links.resources import terraform_resources
from gatekeeper.models.prometheus import Alert
from gatekeeper.models.trial import for_trial
from gatekeeper.node import Expression, Node, regex
from gatekeeper.parsers import yaml
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource

# LogQL has what PromQL has not: filters of lines behind a selector, and functions that count lines.
_LOGQL = regex(
    r"\}[ \n]{0,20}\|[=~>]|\}[ \n]{0,20}![=~>][ ]{0,4}[\"`]"
    r"|\}[ \n]{0,20}\|[ ]{0,4}(?:json|logfmt|pattern|regexp|unwrap)\b"
    r"|\b(?:bytes_over_time|bytes_rate)[ ]{0,4}\(|absent_over_time\(\{[^}]{0,200}\}[ ]{0,4}\|"
    r"|count_over_time\([ \n]{0,20}\{(?![^}]{0,200}__name__)"
)
_QUERIES = frozenset(
    """
    azurerm_monitor_scheduled_query_rules_alert azurerm_monitor_scheduled_query_rules_alert_v2
    """.split()
)
_OF_KIBANA = (".es-query", "logs.", "observability.rules.custom_threshold", "siem.")
_FROM_LOGS = regex(r"\bFROM[ ]{1,4}Log\b", re.IGNORECASE)


def alerts_on_logs(project: Project) -> list[Node]:
    """The alerts that look at logs, each at its place."""
    return project.once("alerts on logs", lambda project: list(_alerts(project)))


def _alerts(project: Project) -> Iterator[Node]:
    for alert in project.all(Alert):
        if alert.expr.known and _LOGQL.search(alert.expr.text) and not for_trial(alert.path):
            yield alert.node["alert"]
    metrics = {each.filter.name for each in metric_filters(project) if each.alarmed}
    resources = [each for each in terraform_resources(project) if not for_trial(each.path)]
    made = {(each.module, *each.labels): each for each in resources if each.type == "google_logging_metric"}
    for each in resources:
        enabled = each.node["enabled"]
        if enabled.known and enabled.text.lower() == "false":
            continue
        if each.type in _QUERIES or _is_log_monitor(each) or each.name in metrics or _is_policy_on_logs(each, made):
            yield Node(each.name, each.node.source, each.span)
    for source in holding(project, (".yaml", ".yml"), "index:", "alert:", "type:", "filter:"):
        if not for_trial(source.path):
            yield from (node for node in source.once(yaml.parse).nodes if _is_elastalert(node))


def _is_elastalert(rule: Node) -> bool:
    """Whether a document is a rule of ElastAlert that is on and tells somebody."""
    if not rule.is_mapping:
        return False
    told = rule["alert"]
    names = [node.value for node in (told if told.is_list else (told,)) if node.known and isinstance(node.value, str)]
    on = not (rule["is_enabled"].known and rule["is_enabled"].text == "false")
    whole = all(rule[key].present for key in ("index", "type", "filter"))
    return whole and on and any(name != "debug" for name in names)


def _is_policy_on_logs(policy: Resource, made: dict[tuple[object, ...], Resource]) -> bool:
    """Whether an alert policy of Google looks at lines, or at a metric that is made of lines."""
    if policy.type != "google_monitoring_alert_policy":
        return False
    if any((policy.module, *reference.path[:2]) in made for reference in policy.references):
        return True
    conditions = policy.node["conditions"]
    for condition in conditions if conditions.is_list else (conditions,):
        if condition["condition_matched_log"].present:
            return True
        for kind in ("condition_threshold", "condition_absent"):
            block = condition[kind][0] if condition[kind].is_list else condition[kind]
            if "logging.googleapis.com/user/" in _words(block["filter"]):
                return True
    return False


def _is_log_monitor(each: Resource) -> bool:
    if each.type == "elasticstack_kibana_alerting_rule":
        sort = each.node["rule_type_id"]
        return sort.known and sort.text.startswith(_OF_KIBANA)
    kind, query = each.node["type"], each.node["query"]
    if each.type == "datadog_monitor":
        return kind.known and kind.text == "log alert"
    if each.type == "newrelic_nrql_alert_condition":
        nrql = each.node["nrql"]
        block = nrql[0] if nrql.is_list else nrql
        query = block["query"]
        return query.known and query.present and _FROM_LOGS.search(query.text) is not None
    return False


class MetricFilter(NamedTuple):
    """A filter that makes a metric of the lines of a log group; whether an alarm is on it, None where one may be."""

    filter: Resource
    at: Node
    alarmed: bool | None


def metric_filters(project: Project) -> list[MetricFilter]:
    """The metric filters of CloudWatch, each metric joined to the alarms by name and namespace."""
    return project.once("metric filters", lambda project: list(_filters(project)))


def _filters(project: Project) -> Iterator[MetricFilter]:
    resources = terraform_resources(project)
    filters = [each for each in resources if each.type == "aws_cloudwatch_log_metric_filter"]
    alarms = [each for each in resources if filters and each.type == "aws_cloudwatch_metric_alarm" and not _muted(each)]
    watched = _Watched(alarms)
    for each in filters:
        written = each.node["metric_transformation"]
        made = written[0] if written.is_list else written
        yield MetricFilter(each, made["name"], watched.looks_at(each, made["name"], made["namespace"]))


def _muted(alarm: Resource) -> bool:
    """Whether an alarm is told to tell nobody."""
    acts = alarm.node["actions_enabled"]
    return acts.known and acts.text == "false"


class _Watched:
    """What the alarms look at: metrics by name and namespace, filters by reference, and whether there may be more."""

    def __init__(self, alarms: list[Resource]) -> None:
        self.metrics: set[tuple[str, str]] = set()
        self.targets: set[tuple[str, str]] = set()
        self.doubt = False
        for alarm in alarms:
            self._take(alarm)

    def _take(self, alarm: Resource) -> None:
        from gatekeeper.links.related import targets  # only where there is Terraform

        for path in ("metric_name", "metric_query.metric.metric_name"):
            self.targets |= {(each.directory, each.address) for each in targets(alarm, path)}
        queries = alarm.node["metric_query"]
        listed = list(queries) if queries.is_list else [queries]
        metrics = [query["metric"][0] if query["metric"].is_list else query["metric"] for query in listed]
        for metric in (alarm.node, *metrics):
            name = metric["metric_name"]
            if name.present:
                self.metrics.add((_words(name), _words(metric["namespace"])))
                self.doubt = self.doubt or not (name.known or "log_metric_filter" in _words(name))

    def looks_at(self, each: Resource, name: Node, space: Node) -> bool | None:
        own = {(each.module.directory, address) for address in each.addressed_as}
        if not own.isdisjoint(self.targets) or (_words(name), _words(space)) in self.metrics:
            return True
        if not space.known and any(_words(name) == metric for metric, _ in self.metrics):
            return True
        return None if self.doubt or not name.known else False


def _words(node: Node) -> str:
    """A text, or the expression that stands for it: two that are written alike mean the same."""
    expression: Expression | None = node.expression
    return expression.text if expression else node.text
