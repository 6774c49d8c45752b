from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.links.dashboards import targets
from gatekeeper.models.dashboards import Dashboard, Target, several
from gatekeeper.node import regex
from gatekeeper.rule import rule

_FIXED = regex(r"\b(?:rate|increase|irate)[ \t]*\([^()\[\]]{0,2000}\[([0-9]{1,6}(?:ms|[smhdwy]))\]")


def _rating(dashboard: Dashboard) -> list[Target]:
    return [each for each in targets(dashboard) if each.asks_prometheus and "rate(" in each.expr]


@rule(
    "dashboard-rate-interval",
    gate="monitoring",
    severity="low",
    seed="5.1 Monitoring, Custom dashboards",
    aliases=["dashboard-linter:target-rate-interval-rule"],
    where=lambda dashboard: bool(_rating(dashboard)),
)
def rate_interval(dashboard: Dashboard) -> Iterator[Finding]:
    """Rates are taken over an interval that fits what is shown.

    `rate(x[1m])` shows gaps where metrics are collected every minute, and hides most of what happened where a point of
    the graph stands for an hour. Grafana's `$__rate_interval` fits both. A fixed window may be meant (`[24h]`, for one
    number); panels that show one number and windows of an hour and more are not judged.

    Bad: # expect: [1m]
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "timeseries", "title": "Errors", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A", "expr": "sum(rate(errors_total[1m]))"}]}
    ]}
    ```

    Good:
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "timeseries", "title": "Errors", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A", "expr": "sum(rate(errors_total[$__rate_interval]))"}]},
      {"type": "stat", "title": "Today", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A", "expr": "sum(increase(errors_total[24h]))"}]}
    ]}
    ```
    """
    found = [(target, window) for target in _rating(dashboard) if (window := _window(target))]
    if found:
        target, window = found[0]
        names = several(each.panel.words for each, _ in found)
        yield Finding(target.at("expr"), f"{names} takes a rate over [{window}], whatever is shown")


def _window(target: Target) -> str:
    """The fixed window, of seconds or minutes, that a graph's rate is taken over; '' when it has none."""
    if target.panel.type not in ("timeseries", "graph", "heatmap"):
        return ""
    return next((each for each in _FIXED.findall(target.expr) if each[-1] in "sm" and len(each) < 4), "")
