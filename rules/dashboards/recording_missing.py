from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import elsewhere
from gatekeeper.links.dashboards import targets
from gatekeeper.links.rule_sets import families, family, recordings
from gatekeeper.models.dashboards import Dashboard, Target, promql
from gatekeeper.parsers.promql import Malformed
from gatekeeper.rule import Answer, Reason, rule


def _recorded(dashboard: Dashboard, project: Project) -> list[tuple[Target, str]]:
    """The metrics of its queries that are named as recorded ones of a rule set of this repository."""
    known = project.once("recorded levels", lambda p: frozenset(name.partition(":")[0] for name in recordings(p)))
    return [
        (target, name)
        for target in (targets(dashboard) if known else ())
        if target.asks_prometheus is not False and ":" in target.expr
        for name in _metrics(target)
        if ":" in name and name.partition(":")[0] in known and (name[0] != ":" or name.count(":") < _OWN)
    ]


_OWN = 3  # colons of a name such as :tensorflow:core:graph_runs: the program that is asked calls it so


def _metrics(target: Target) -> list[str]:
    try:
        return sorted(promql(target).metrics)
    except Malformed:  # another rule says so
        return []


@rule(
    "dashboard-recording-rule-missing",
    gate="monitoring",
    severity="medium",
    seed="5.1 Monitoring, Custom dashboards",
    where=lambda dashboard, project: bool(_recorded(dashboard, project)),
)
def recording_missing(dashboard: Dashboard, project: Project) -> Iterator[Answer]:
    """What a dashboard shows of recorded metrics is recorded.

    A panel over a metric that no rule records stays empty. Metrics with a colon in their name are made by recording
    rules; they are looked for where this repository records others of the same beginning (`slo` of
    `slo:errors:ratio_rate5m`), since the rules of other beginnings are somebody else's. Where a
    chart comes from elsewhere, it may bring rules too.

    Bad: # expect: slo:errors:ratio_rate1h is recorded nowhere
    ```json dashboards/orders.json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "timeseries", "title": "Errors", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A", "expr": "slo:errors:ratio_rate1h{job=\\"orders\\"}"}]}
    ]}
    ```
    ```yaml rules/orders.yaml
    groups:
      - name: orders
        rules:
          - record: slo:errors:ratio_rate5m
            expr: sum(rate(errors_total[5m])) / sum(rate(requests_total[5m]))
    ```

    Good:
    ```json dashboards/orders.json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "timeseries", "title": "Errors", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A", "expr": "slo:errors:ratio_rate5m{job=\\"orders\\"}"}]}
    ]}
    ```
    ```yaml rules/orders.yaml
    groups:
      - name: orders
        rules:
          - record: slo:errors:ratio_rate5m
            expr: sum(rate(errors_total[5m])) / sum(rate(requests_total[5m]))
    ```

    Unknown, a chart may bring its rules:
    ```json dashboards/nodes.json
    {"title": "Nodes", "uid": "nodes", "schemaVersion": 39, "panels": [
      {"type": "timeseries", "title": "CPU", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A", "expr": "node:node_cpu:ratio_rate5m"}]}
    ]}
    ```
    ```yaml rules/nodes.yaml
    groups:
      - name: nodes
        rules:
          - record: node:our_own:sum
            expr: sum by (node) (ours)
    ```
    ```yaml k8s/release.yaml
    apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    metadata: {name: kube-prometheus-stack}
    spec: {chart: {spec: {chart: kube-prometheus-stack}}}
    ```
    """
    known, charts = recordings(project), elsewhere(project)
    told: set[str] = set()
    for target, name in _recorded(dashboard, project):
        if name in known or name in told:
            continue
        told.add(name)
        at = target.at("expr")
        if charts and family(name) not in families(project):
            words = f"{target.words}: {name} is recorded nowhere here, and may be elsewhere: {charts}"
            yield Unknown(at, words, Reason.NOT_OWNED_HERE)
        else:
            yield Finding(at, f"{target.words}: {name} is recorded nowhere here, others of its kind are")
