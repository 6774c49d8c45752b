from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.models.prometheus import Alert, GroupedRule, RecordingRule, written
from gatekeeper.rule import Note, rule

_Twins = dict[Hashable, list[GroupedRule]]


@rule(
    "rule-duplicate",
    gate="alerting",
    severity="medium",
    seed="5.3 Alerting Rules",
    aliases=["pint:rule/duplicate"],
    where=lambda rule: rule.query is not None,
)
def rule_duplicate(rule: GroupedRule, project: Project) -> Iterator[Finding]:
    """No rule stands twice.

    Two alerts with the same name and labels for the same query notify twice; two rules that record the same series
    overwrite each other. Rules of one file are compared: what stands in two files may be for two servers. Alerts of one
    name with different labels or limits are no twins.

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: Down
            expr: up{job="orders"} == 0
            labels: {severity: critical}
      - name: more
        rules:
          # expect: Down stands twice
          - alert: Down
            expr: up{job='orders'}==0
            labels: {severity: critical}
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: Slow
            expr: job:latency:p95 > 1
            labels: {severity: warning}
          - alert: Slow
            expr: job:latency:p95 > 5
            labels: {severity: critical}
          - record: job:requests:rate5m
            expr: sum by (job) (rate(requests_total{code="200"}[5m]))
          - record: job:requests:rate5m
            expr: sum by (job) (rate(requests_total{code="500"}[5m]))
            labels: {code: "500"}
    ```
    """
    twins = project.once("rules that stand twice", _twins)[_key(rule)]
    if twins[0] is not rule and rule in twins:
        name = rule.alert if isinstance(rule, Alert) else rule.record if isinstance(rule, RecordingRule) else rule.name
        see = (Note(twins[0], "the first"),)
        yield Finding(rule, f"{name} stands twice, with the same labels and query", see, Fix("leave out one of them"))


def _twins(project: Project) -> _Twins:
    found: _Twins = defaultdict(list)
    for each in project.all(GroupedRule):
        if each.query is not None:
            found[_key(each)].append(each)
    return found


def _key(rule: GroupedRule) -> Hashable:
    kind = "alert" if isinstance(rule, Alert) else "record"
    labels = frozenset((name, written(node)) for name, node in rule.labels.items())
    root = rule.query.root if rule.query else None
    return rule.path, rule.variant, kind, written(rule.node[kind]), labels, root
