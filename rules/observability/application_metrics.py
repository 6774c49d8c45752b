from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links import deploys
from gatekeeper.links.measured import keeps_data
from gatekeeper.links.shown import served, signals_of, unseen
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, Measure, Reason, rule

_MOST = 20  # services that are named


@rule(
    "application-metrics",
    gate="monitoring",
    severity="high",
    seed="5.1 Monitoring",
    where=lambda repository, project: deploys(project).deploys,
)
def application_metrics(repository: Repository, project: Project) -> Iterator[Answer]:
    """Request rate, errors and latency of every service are measured.

    They are where somebody asks for them: in queries of a dashboard about failures and about a percentile or mean of a
    duration, or in alerts about the two. A query is about a service that it names by a label (`job`, `service`, `app`),
    whose name its metrics begin with, or whose dashboard it is on without naming another. `up`, queries that are hidden
    and alerts that can never fire do not count; alerts for every service by itself count where something here asks the
    service for its metrics. Workloads that a Service leads to are judged, but for data stores and queues. Whoever
    collects their numbers elsewhere does so too: that nothing here asks for them is no fault.

    Good:
    ```yaml k8s/orders.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders}
    spec:
      selector: {matchLabels: {app: orders}}
      template:
        metadata: {labels: {app: orders}}
        spec: {containers: [{name: orders, image: "orders:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: orders}
    spec: {selector: {app: orders}, ports: [{port: 80}]}
    ```
    ```json dashboards/orders.json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "timeseries", "title": "Errors", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A", "expr": "sum(rate(http_requests_total{job=\\"orders\\", code=~\\"5..\\"}[5m]))"}]},
      {"type": "timeseries", "title": "Latency", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A",
         "expr": "histogram_quantile(0.95, sum(rate(http_duration_seconds_bucket{job=\\"orders\\"}[5m])) by (le))"}]}
    ]}
    ```

    Unknown, the dashboard is of its database, and the rest is hidden:
    ```yaml k8s/orders.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders}
    spec:
      selector: {matchLabels: {app: orders}}
      template:
        metadata: {labels: {app: orders}}
        spec: {containers: [{name: orders, image: "orders:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: orders}
    spec: {selector: {app: orders}, ports: [{port: 80}]}
    ```
    ```json dashboards/orders.json
    {"title": "Orders database", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "timeseries", "title": "Errors", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A", "expr": "sum(rate(pg_errors_total{job=\\"postgres\\"}[5m]))"},
         {"refId": "B", "hide": true,
          "expr": "sum(rate(http_requests_total{job=\\"orders\\", code=~\\"5..\\"}[5m]))"}]},
      {"type": "timeseries", "title": "Latency", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A",
         "expr": "histogram_quantile(0.95, sum(rate(pg_duration_seconds_bucket{job=\\"postgres\\"}[5m])) by (le))"}]}
    ]}
    ```

    Unknown, no latency is above an hour, and `up` is no error:
    ```yaml k8s/orders.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders}
    spec:
      selector: {matchLabels: {app: orders}}
      template:
        metadata: {labels: {app: orders}}
        spec: {containers: [{name: orders, image: "orders:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: orders}
    spec: {selector: {app: orders}, ports: [{port: 80}]}
    ```
    ```yaml rules/orders.yaml
    groups:
      - name: orders
        rules:
          - {alert: OrdersDown, expr: 'up{job="orders"} == 0'}
          - alert: OrdersSlow
            expr: histogram_quantile(0.95, sum by (le) (rate(http_duration_seconds_bucket{job="orders"}[5m]))) > 36000
    ```

    Unknown, nothing here asks for them:
    ```yaml k8s/orders.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders}
    spec:
      selector: {matchLabels: {app: orders}}
      template:
        metadata: {labels: {app: orders}}
        spec: {containers: [{name: orders, image: "orders:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: orders}
    spec: {selector: {app: orders}, ports: [{port: 80}]}
    ```
    """
    workloads = [each for each in served(project) if not keeps_data(each)]
    missing = [each for each in workloads if not signals_of(each, project) >= {"error", "latency"}]
    having = len(workloads) - len(missing)
    if workloads:
        yield Measure(repository, f"errors and latency of {having} of {len(workloads)} services are asked for", having)
    else:
        words = "no workload with a Service is visible here: whose requests are to be measured is not known"
        yield Unknown(repository, words, Reason.NEEDS_HUMAN)
    if workloads and unseen(project):
        yield Unknown(repository, f"which other services there are: {unseen(project)}", Reason.TEMPLATE_UNRENDERED)
    for workload in missing[:_MOST]:
        words = f"nothing here asks for the errors and the latency of {workload.object_name}"
        yield Unknown(workload, words, Reason.NOT_OWNED_HERE)
