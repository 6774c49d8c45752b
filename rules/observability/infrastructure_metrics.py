from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links import deploys
from gatekeeper.links.measured import infrastructure
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, Measure, Reason, rule


@rule(
    "infrastructure-metrics",
    gate="monitoring",
    severity="high",
    seed="5.1 Monitoring",
    where=lambda repository, project: deploys(project).deploys,
)
def infrastructure_metrics(repository: Repository, project: Project) -> Iterator[Answer]:
    """CPU, memory, disk and network are measured.

    What counts is something that measures machines or containers and is deployed from here: the node exporter or
    cAdvisor on every machine, where something here asks it; an agent (Datadog, New Relic, CloudWatch, Telegraf); a
    chart that brings one, unless its values switch it off; Container Insights of every ECS cluster, the monitoring of a
    managed cluster; a collector that passes on what its receiver `hostmetrics` or `kubeletstats` measures. What is for
    a trial, suspended, only on some machines, or started by Compose where what is deployed runs in a cluster, is not
    known to do it. Whoever runs the machines may measure them from another repository: that there is none here is no
    fault.

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: node-exporter}
    spec:
      selector: {matchLabels: {app: node-exporter}}
      template:
        metadata: {labels: {app: node-exporter}, annotations: {prometheus.io/scrape: "true"}}
        spec: {containers: [{name: node-exporter, image: "quay.io/prometheus/node-exporter:v1.9.1"}]}
    ```

    Good, Container Insights:
    ```hcl main.tf
    resource "aws_ecs_cluster" "shop" {
      name = "shop"
      setting {
        name  = "containerInsights"
        value = "enabled"
      }
    }
    ```

    Good, a chart that is switched on:
    ```yaml monitoring/Chart.yaml
    apiVersion: v2
    name: monitoring
    version: 1.0.0
    dependencies:
      - name: kube-prometheus-stack
        version: 75.0.0
        repository: https://prometheus-community.github.io/helm-charts
        condition: stack.enabled
    ```
    ```yaml monitoring/values.yaml
    stack: {enabled: true}
    ```

    Unknown, its condition is off:
    ```yaml monitoring/Chart.yaml
    apiVersion: v2
    name: monitoring
    version: 1.0.0
    dependencies:
      - name: kube-prometheus-stack
        version: 75.0.0
        repository: https://prometheus-community.github.io/helm-charts
        condition: stack.enabled
    ```
    ```yaml monitoring/values.yaml
    stack: {enabled: false}
    ```

    Unknown, only on a developer's machine:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ```yaml docker-compose.dev.yml
    services:
      node-exporter:
        image: prom/node-exporter:v1.9.1
    ```

    Unknown, nobody asks it:
    ```yaml
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: node-exporter}
    spec:
      selector: {matchLabels: {app: node-exporter}}
      template:
        metadata: {labels: {app: node-exporter}}
        spec: {containers: [{name: node-exporter, image: "quay.io/prometheus/node-exporter:v1.9.1"}]}
    ```

    Unknown, one of two clusters:
    ```hcl main.tf
    resource "aws_ecs_cluster" "shop" {
      name = "shop"
      setting {
        name  = "containerInsights"
        value = "enabled"
      }
    }
    resource "aws_ecs_cluster" "reports" {
      name = "reports"
    }
    ```

    Unknown, nothing here does:
    ```yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    spec: {selector: {app: app}, ports: [{port: 80}]}
    ```
    """
    found = infrastructure(project)
    if found is not None and not found.doubt:
        yield Measure(found.at, found.words, 1)
    elif found is not None:
        yield Unknown(found.at, f"{found.words} measures machines, but {found.doubt}", Reason.NEEDS_HUMAN)
    else:
        yield Unknown(repository, "nothing here measures machines: it may be done elsewhere", Reason.NOT_OWNED_HERE)
