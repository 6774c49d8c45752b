from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.dashboards import Dashboard, Variable
from gatekeeper.rule import rule

_ON_TIME = (2, "onTimeRangeChanged")


def _asking(dashboard: Dashboard) -> list[Variable]:
    return [each for each in dashboard.variables if each.type == "query"]


@rule(
    "dashboard-variable-reload",
    gate="monitoring",
    severity="off",
    seed="5.1 Monitoring, Custom dashboards",
    aliases=["dashboard-linter:template-on-time-change-reload-rule"],
    where=lambda dashboard: bool(_asking(dashboard)),
)
def variable_reload(dashboard: Dashboard) -> Iterator[Finding]:
    """The values of variables are those of the time that is shown.

    A variable that is filled once, when the dashboard is opened, does not offer what was there last week. It costs a
    query for every change of the time, so that this is asked only where the settings or `--select` ask for it.

    Bad: # expect: job is not asked for anew
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [],
     "templating": {"list": [{"name": "job", "type": "query", "refresh": 1, "query": "label_values(up, job)"}]}}
    ```

    Good:
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [],
     "templating": {"list": [{"name": "job", "type": "query", "refresh": 2, "query": "label_values(up, job)"}]}}
    ```
    """
    for variable in _asking(dashboard):
        if variable.spec.get("refresh") not in _ON_TIME:
            words = f"the variable {variable.name} is not asked for anew when the time changes"
            yield Finding(dashboard.at(*variable.steps, "name"), words)
