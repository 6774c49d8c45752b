from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.dashboards import Dashboard, Panel
from gatekeeper.rule import rule

_DRAWS = frozenset(
    "timeseries graph stat singlestat gauge bargauge table table-old heatmap piechart grafana-piechart-panel barchart "
    "histogram state-timeline status-history logs trend xychart candlestick".split()
)


def _drawing(dashboard: Dashboard) -> list[Panel]:
    return [panel for panel in dashboard.panels if panel.type in _DRAWS and not panel.shared]


@rule(
    "dashboard-panel-without-query",
    gate="monitoring",
    severity="medium",
    seed="5.1 Monitoring, Custom dashboards",
    aliases=["dashboard-linter:panel-no-targets-rule"],
    where=lambda dashboard: bool(_drawing(dashboard)),
)
def panel_without_query(dashboard: Dashboard) -> Iterator[Finding]:
    """Every panel that draws data asks for some.

    A graph without a query stays empty, and whoever looks at it in an incident believes that nothing happens. Panels
    that draw nothing that was measured (text, rows, lists), those of a library and those that repeat what another panel
    found are not meant.

    Bad: # expect: Errors asks for nothing
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "timeseries", "title": "Errors", "targets": []}
    ]}
    ```

    Bad, the query is empty: # expect: Errors asks for nothing
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "stat", "title": "Errors", "datasource": {"type": "prometheus", "uid": "$ds"}, "targets": [{"expr": ""}]}
    ]}
    ```

    Good:
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "text", "title": "What this is"},
      {"type": "row", "collapsed": true, "panels": [
        {"type": "timeseries", "title": "Errors", "targets": [{"expr": "sum(rate(errors_total[5m]))"}]}
      ]},
      {"type": "table", "title": "The same in numbers", "datasource": {"type": "datasource", "uid": "-- Dashboard --"},
       "targets": [{"panelId": 2}]}
    ]}
    ```
    """
    for panel in _drawing(dashboard):
        targets = panel.targets
        if not any(target.spec for target in targets) or all(_empty(target.spec, target.kind) for target in targets):
            yield Finding(panel.head, f"{panel.words} asks for nothing")


def _empty(spec: object, kind: str) -> bool:
    """Whether a query of Prometheus or Loki has no text. Other data sources write theirs in ways of their own."""
    asked = dict(spec) if isinstance(spec, dict) else {}
    return kind in ("prometheus", "loki") and isinstance(asked.get("expr"), str) and not asked["expr"].strip()
