from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.prometheus import Alert, RuleGroup, seconds
from gatekeeper.rule import rule

_LOOKBACK = 300.0  # https://prometheus.io/docs/prometheus/latest/querying/basics/#staleness


@rule(
    "rule-group-interval",
    gate="alerting",
    severity="medium",
    seed="5.3 Alerting Rules",
    aliases=["pint:group/interval"],
    where=lambda group: group.language != "logql" and group.node["interval"].present,
)
def rule_group_interval(group: RuleGroup) -> Iterator[Finding]:
    """A group of rules is evaluated at least every five minutes.

    A series that gets no value for five minutes is gone: between two evaluations further apart, what a rule records is
    not there, and an alert ends and begins again. One that is kept firing for as long (`keep_firing_for`) does not.

    Bad:
    ```yaml
    groups:
      - name: order-service
        # expect: every 10m
        interval: 10m
        rules:
          - record: job:requests:rate5m
            expr: sum by (job) (rate(requests_total[5m]))
      - name: shop
        # expect: interval is no duration: often
        interval: often
        rules:
          - {alert: Down, expr: up == 0}
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        interval: 5m
        rules:
          - record: job:requests:rate5m
            expr: sum by (job) (rate(requests_total[5m]))
      - name: daily
        interval: 1h
        rules:
          - {alert: Expires, expr: expires_in_days < 7, keep_firing_for: 2h}
    ```
    """
    node = group.node["interval"]
    every = seconds(node)
    if every is None:
        yield Finding(node, f"{group.name}: interval is no duration: {node.text[:40]}", fix=Fix("interval: 1m"))
    elif every > _LOOKBACK and not _kept(group, every):
        words = f"{group.name} is evaluated every {node.text}: its series are gone in between"
        yield Finding(node, words, fix=Fix("interval: 5m or less"))


def _kept(group: RuleGroup, every: float) -> bool:
    return all(
        isinstance(each, Alert) and (seconds(each.node["keep_firing_for"]) or 0) >= every for each in group.rules
    )
