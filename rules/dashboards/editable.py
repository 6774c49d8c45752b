from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.dashboards import Dashboard
from gatekeeper.rule import rule


@rule(
    "dashboard-editable",
    gate="monitoring",
    severity="low",
    seed="5.1 Monitoring, Custom dashboards",
    aliases=["dashboard-linter:uneditable-dashboard"],
)
def editable(dashboard: Dashboard) -> Iterator[Finding]:
    """A dashboard in code is not edited in Grafana.

    What somebody changes in Grafana is overwritten by the next deployment, or never reaches the repository. With
    `"editable": false` Grafana says so before they begin. Without it a dashboard can be edited.

    Bad: # expect: can be edited in Grafana
    ```json
    {"title": "Orders", "uid": "orders", "editable": true, "schemaVersion": 39, "panels": []}
    ```

    Good:
    ```json
    {"title": "Orders", "uid": "orders", "editable": false, "schemaVersion": 39, "panels": []}
    ```
    """
    if dashboard.model.get("editable", True) is not False:
        yield Finding(dashboard.at("editable"), "the dashboard can be edited in Grafana")
