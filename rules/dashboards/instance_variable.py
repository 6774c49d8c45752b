from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.links.dashboards import targets
from gatekeeper.models.dashboards import Dashboard
from gatekeeper.rule import rule


@rule(
    "dashboard-instance-variable",
    gate="monitoring",
    severity="off",
    seed="5.1 Monitoring, Custom dashboards",
    aliases=["dashboard-linter:template-instance-rule"],
    where=lambda dashboard: any(target.asks_prometheus for target in targets(dashboard)),
)
def instance_variable(dashboard: Dashboard) -> Iterator[Finding]:
    """Readers can choose the instances that a dashboard shows.

    With a variable `instance` one machine or pod can be looked at. A dashboard about a service as a whole needs none,
    so that this is asked only where the settings or `--select` ask for it.

    Bad: # expect: no variable instance
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "stat", "title": "Up", "datasource": {"type": "prometheus", "uid": "${ds}"}, "targets": [{"expr": "up"}]}
    ]}
    ```

    Good:
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39,
     "templating": {"list": [{"name": "instance", "type": "query", "query": "label_values(up, instance)"}]},
     "panels": [
      {"type": "stat", "title": "Up", "datasource": {"type": "prometheus", "uid": "${ds}"}, "targets": [{"expr": "up"}]}
    ]}
    ```
    """
    if not any(each.name == "instance" for each in dashboard.variables):
        yield Finding(dashboard, "there is no variable instance")
