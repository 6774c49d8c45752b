from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.links.dashboards import targets
from gatekeeper.models.dashboards import Dashboard
from gatekeeper.rule import rule


@rule(
    "dashboard-datasource-variable",
    gate="monitoring",
    severity="low",
    seed="5.1 Monitoring, Custom dashboards",
    aliases=["dashboard-linter:template-datasource-rule"],
    where=lambda dashboard: any(target.kind or target.expr for target in targets(dashboard)),
)
def datasource_variable(dashboard: Dashboard) -> Iterator[Finding]:
    """Readers can choose which data source a dashboard asks.

    With a variable of type `datasource` one dashboard serves every cluster and environment. One that asks several kinds
    of data sources (metrics and logs) may have a variable for each. That no fixed data source is asked is another
    question (`dashboard-datasource-fixed`).

    Bad: # expect: no variable chooses its data source
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "templating": {"list": []}, "panels": [
      {"type": "stat", "title": "Up", "targets": [{"expr": "up"}]}
    ]}
    ```

    Good:
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39,
     "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
     "panels": [
      {"type": "stat", "title": "Up", "datasource": {"type": "prometheus", "uid": "${datasource}"},
       "targets": [{"expr": "up"}]}
    ]}
    ```
    """
    if not any(variable.chooses_source for variable in dashboard.variables):
        yield Finding(dashboard, "no variable chooses its data source")
