from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Unknown
from gatekeeper.models.dashboards import Dashboard, Variable
from gatekeeper.node import regex
from gatekeeper.parsers.promql import Malformed, Unsupported, parse
from gatekeeper.rule import Answer, Reason, rule

_LABEL_VALUES = regex(r"\s*label_values\(\s*(?:(.{0,4000}?)\s*,\s*)?(\$?\{?[A-Za-z_]\w{0,200}\}?)\s*\)\s*\Z")
_QUERY_RESULT = regex(r"\s*query_result\((.{0,4000})\)\s*\Z")


def _asking(dashboard: Dashboard) -> list[Variable]:
    """The variables whose values Prometheus is asked for."""
    return [
        variable
        for variable in dashboard.variables
        if variable.type == "query"
        and variable.query.lstrip().startswith(("label_values(", "query_result("))
        and dashboard.source_kind(variable.spec.get("datasource")) in ("", "prometheus")
    ]


@rule(
    "dashboard-variable-query-parses",
    gate="monitoring",
    severity="medium",
    seed="5.1 Monitoring, Custom dashboards",
    aliases=["dashboard-linter:template-label-promql-rule"],
    where=lambda dashboard: bool(_asking(dashboard)),
)
def variable_query_parses(dashboard: Dashboard) -> Iterator[Answer]:
    """What asks for the values of a variable is a query.

    A variable without values leaves every panel empty that uses it. `label_values(metric, label)`,
    `label_values(label)` and `query_result(query)` are judged, where Prometheus is asked.

    Bad: # expect: the variable job
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [], "templating": {"list": [
      {"name": "job", "type": "query", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "query": "label_values(up{cluster=~\\"$cluster}, job)"}
    ]}}
    ```

    Good:
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [], "templating": {"list": [
      {"name": "job", "type": "query", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "query": {"query": "label_values(up{cluster=~\\"$cluster\\"}, job)", "refId": "A"}},
      {"name": "cluster", "type": "query", "datasource": "${ds}", "query": "label_values(cluster)"}
    ]}}
    ```
    """
    for variable in _asking(dashboard):
        match = _LABEL_VALUES.match(variable.query) or _QUERY_RESULT.match(variable.query)
        if match is None:
            at = dashboard.at(*variable.steps, "name")
            if dashboard.source_kind(variable.spec.get("datasource")):
                yield Finding(at, f"the variable {variable.name} asks for nothing that can be read")
            else:
                yield Unknown(at, f"the variable {variable.name} asks in a way that is not known")
            continue
        try:
            if match[1]:
                parse(match[1], dashboard=True)
        except Unsupported as error:
            at = dashboard.at(*variable.steps, "name")
            yield Unknown(at, f"the variable {variable.name}: {error}", Reason.UNSUPPORTED_TOOL)
        except Malformed as error:
            yield Finding(dashboard.at(*variable.steps, "name"), f"the variable {variable.name}: {error}")
