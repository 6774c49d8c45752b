from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.prometheus import GroupedRule
from gatekeeper.models.promql_labels import kept
from gatekeeper.parsers.promql import Binary, scalar
from gatekeeper.rule import rule


def _pairs(rule: GroupedRule) -> list[Binary]:
    """Where series of two sides are matched with each other."""
    if rule.query is None:
        return []
    both = (part for part in rule.query.walk() if isinstance(part, Binary) and part.op != "or")
    return [each for each in both if not scalar(each.left) and not scalar(each.right)]


@rule(
    "promql-impossible",
    gate="alerting",
    severity="medium",
    seed="5.3 Alerting Rules",
    aliases=["pint:promql/impossible"],
    where=lambda rule: bool(_pairs(rule)),
)
def impossible(rule: GroupedRule) -> Iterator[Finding]:
    """Series that are matched with each other have the labels that they are matched by.

    `sum by (job) (a) / sum by (pod) (b)` matches nothing, and neither does `on (pod)` when one side was summed up
    without its pods: the result is empty, and the alert never fires. A label that an aggregation dropped cannot be
    brought over by `group_left` either. Which labels the series of a metric have is not known here, only which ones
    `by`, `on` and the functions leave.

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            # expect: the left side has only job, the right side only pod
            expr: sum by (job) (rate(errors_total[5m])) / sum by (pod) (rate(requests_total[5m])) > 0.05
          - alert: NoisyPod
            # expect: on (pod), which the right side does not have
            expr: rate(errors_total[5m]) > on (pod) group_left () sum by (job) (rate(errors_total[1h]))
          - alert: HighShare
            # expect: the left side has only job, the right side none
            expr: sum by (job) (rate(errors_total[5m])) / sum(rate(errors_total[5m])) > 0.5
          - alert: OwnedErrors
            # expect: group_left (team), which the other side does not have
            expr: rate(errors_total[5m]) * on (job) group_left (team) max by (job) (owner_info) > 1
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: sum by (job) (rate(errors_total[5m])) / sum by (job) (rate(requests_total[5m])) > 0.05
          - alert: NoisyPod
            expr: rate(errors_total[5m]) > on (job) group_left () sum by (job) (rate(errors_total[1h]))
          - alert: HighShare
            expr: sum by (job) (rate(errors_total[5m])) / on () group_left () sum(rate(errors_total[5m])) > 0.5
          - alert: OwnedErrors
            expr: rate(errors_total[5m]) * on (job) group_left (team) max by (job, team) (owner_info) > 1
          - alert: Renamed
            expr: |
              sum by (pod) (rate(errors_total[5m]))
                * on (pod) group_left () label_replace(sum by (name) (up), "pod", "$1", "name", "(.*)") > 1
    ```
    """
    for pair in _pairs(rule):
        fault = _fault(pair)
        if fault:
            words = f"{rule.name.rpartition('/')[2]}: {pair.op} matches nothing, {fault}"
            yield Finding(rule.expr, words, fix=Fix("keep the label on both sides, or match on what both have"))
            return


def _fault(pair: Binary) -> str:
    left, right = kept(pair.left), kept(pair.right)
    if pair.include:
        one = right if pair.group == "left" else left
        lost = [label for label in pair.include if one is not None and label not in one]
        if lost:
            return f"group_{pair.group} ({', '.join(lost)}), which the other side does not have"
    if pair.on is not None:
        for label in pair.on:
            missing = [
                side
                for side, labels in (("left", left), ("right", right))
                if labels is not None and label not in labels
            ]
            if len(missing) == 1:
                return f"on ({label}), which the {missing[0]} side does not have"
        return ""
    if left is None or right is None:
        return ""
    left, right = left - set(pair.ignoring or ()), right - set(pair.ignoring or ())
    return "" if left == right else f"the left side has {_only(left)}, the right side {_only(right)}"


def _only(labels: frozenset[str]) -> str:
    return f"only {', '.join(sorted(labels))}" if labels else "none"
