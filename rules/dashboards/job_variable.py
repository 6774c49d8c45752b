from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.links.dashboards import targets
from gatekeeper.models.dashboards import Dashboard
from gatekeeper.rule import rule


@rule(
    "dashboard-job-variable",
    gate="monitoring",
    severity="off",
    seed="5.1 Monitoring, Custom dashboards",
    aliases=["dashboard-linter:template-job-rule"],
    where=lambda dashboard: any(target.asks_prometheus for target in targets(dashboard)),
)
def job_variable(dashboard: Dashboard) -> Iterator[Finding]:
    """Readers can choose the jobs that a dashboard shows.

    A dashboard that is shared by many services has a variable `job` of which several values may be chosen. One for a
    single service needs none, so that this is asked only where the settings or `--select` ask for it.

    Bad: # expect: no variable job
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "stat", "title": "Up", "datasource": {"type": "prometheus", "uid": "${ds}"}, "targets": [{"expr": "up"}]}
    ]}
    ```

    Good:
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39,
     "templating": {"list": [
      {"name": "job", "type": "query", "multi": true, "allValue": ".+", "query": "label_values(up, job)"}]},
     "panels": [
      {"type": "stat", "title": "Up", "datasource": {"type": "prometheus", "uid": "${ds}"}, "targets": [{"expr": "up"}]}
    ]}
    ```
    """
    variable = next((each for each in dashboard.variables if each.name == "job"), None)
    if variable is None:
        yield Finding(dashboard, "there is no variable job")
    elif variable.type == "query" and not variable.spec.get("multi"):
        yield Finding(dashboard.at(*variable.steps, "name"), "of the variable job only one value can be chosen")
    elif variable.type == "query" and variable.spec.get("allValue") != ".+":
        yield Finding(dashboard.at(*variable.steps, "name"), "all values of the variable job are not .+")
