from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.dashboards import targets
from gatekeeper.models.dashboards import Dashboard, promql
from gatekeeper.parsers.promql import Malformed, Unsupported
from gatekeeper.rule import Answer, Reason, rule


def _asks(dashboard: Dashboard) -> bool:
    return any(target.asks_prometheus is not False for target in targets(dashboard))


@rule(
    "dashboard-query-parses",
    gate="monitoring",
    severity="high",
    seed="5.1 Monitoring, Custom dashboards",
    aliases=["dashboard-linter:target-promql-rule"],
    where=_asks,
)
def query_parses(dashboard: Dashboard, project: Project | None = None) -> Iterator[Answer]:
    """Every query of a dashboard is one.

    A panel whose query cannot be read shows an error in the place of the numbers. Queries of Prometheus are judged,
    after what Grafana fills in (`$__rate_interval`, `$job`, `${job:regex}`, `[[job]]`) got a value. Those of other data
    sources (Loki, SQL, CloudWatch) are not; where nothing says which data source is asked, a query that is no PromQL
    may be of another language.

    Bad: # expect: Errors (A)
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "timeseries", "title": "Errors", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A", "expr": "sum(rate(errors_total[$__rate_interval])"}]}
    ]}
    ```

    Good:
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "timeseries", "title": "Errors", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A", "expr": "sum(rate(errors_total{job=~\\"$job\\"}[$__rate_interval]))"}]},
      {"type": "logs", "title": "Logs", "datasource": {"type": "loki", "uid": "${logs}"},
       "targets": [{"refId": "A", "expr": "{job=\\"orders\\"} |= \\"error\\""}]}
    ]}
    ```

    Unknown, nobody says whose query it is:
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "timeseries", "title": "Errors", "targets": [{"refId": "A", "expr": "errors | sum by job"}]}
    ]}
    ```
    """
    for target in targets(dashboard):
        asks = target.asks_prometheus
        if asks is False:
            continue
        try:
            promql(target)
        except Unsupported as error:
            yield Unknown(target.at("expr"), f"{target.words}: {error}", Reason.UNSUPPORTED_TOOL)
        except Malformed as error:
            if asks:
                yield Finding(target.at("expr"), f"{target.words}: {error}")
            else:
                words = f"{target.words}: no PromQL ({error}); which data source it asks is not known"
                yield Unknown(target.at("expr"), words)
