from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links.loading import loads_alerts
from gatekeeper.models.prometheus_server import Server
from gatekeeper.node import Node
from gatekeeper.rule import rule


@rule(
    "prometheus-alertmanager",
    gate="alerting",
    severity="high",
    seed="5.3 Alerting Rules",
    where=lambda server, project: server.made_by != "chart" and loads_alerts(server, project),
)
def alertmanager(server: Server, project: Project) -> Iterator[Finding]:
    """A Prometheus that evaluates alerts sends them to an Alertmanager.

    Without one an alert is a line on a page that nobody looks at: Prometheus itself notifies nobody. Asked of the
    configuration that loads alerts of this repository; `alerting.alertmanagers` may also be found by discovery.

    Bad:
    ```yaml prometheus/prometheus.yml
    # expect: loads alerts and sends them to no Alertmanager
    global: {scrape_interval: 30s}
    scrape_configs: []
    rule_files: ["rules.yml"]
    ```
    ```yaml prometheus/rules.yml
    groups:
      - name: orders
        rules:
          - {alert: Down, expr: 'up{job="orders"} == 0'}
    ```

    Bad, its address is in a comment:
    ```yaml prometheus/prometheus.yml
    # expect: loads alerts and sends them to no Alertmanager
    global: {scrape_interval: 30s}
    scrape_configs: []
    rule_files: ["rules.yml"]
    alerting:
      alertmanagers:
        - static_configs:
            - targets:
              # - alertmanager:9093
    ```
    ```yaml prometheus/rules.yml
    groups:
      - name: orders
        rules:
          - {alert: Down, expr: 'up{job="orders"} == 0'}
    ```

    Good, of the operator:
    ```yaml k8s/prometheus.yaml
    apiVersion: monitoring.coreos.com/v1
    kind: Prometheus
    metadata: {name: main, namespace: monitoring}
    spec:
      ruleSelector: {}
      ruleNamespaceSelector: {}
      alerting: {alertmanagers: [{name: alertmanager-main, namespace: monitoring, port: web}]}
    ```
    ```yaml k8s/rules.yaml
    apiVersion: monitoring.coreos.com/v1
    kind: PrometheusRule
    metadata: {name: orders, namespace: shop}
    spec:
      groups:
        - name: orders
          rules:
            - {alert: Down, expr: 'up{job="orders"} == 0'}
    ```

    Good:
    ```yaml prometheus/prometheus.yml
    global: {scrape_interval: 30s}
    scrape_configs: []
    rule_files: ["rules.yml"]
    alerting: {alertmanagers: [{static_configs: [{targets: ["alertmanager:9093"]}]}]}
    ```
    ```yaml prometheus/rules.yml
    groups:
      - name: orders
        rules:
          - {alert: Down, expr: 'up{job="orders"} == 0'}
    ```
    """
    receivers = server.node.at("alerting.alertmanagers")
    additional = server.node["additionalAlertManagerConfigs"]
    if additional.present or (receivers.present and not _is_nobody(receivers)):
        return
    words = f"{server.name} loads alerts and sends them to no Alertmanager"
    yield Finding(server, words, fix=Fix("alerting: {alertmanagers: [...]}"))


def _is_nobody(receivers: Node) -> bool:
    """Whether a list names none: it is empty, or the targets of all that are in it are."""
    return receivers.is_list and all(each.is_mapping and _has_no_target(each) for each in receivers)


def _has_no_target(each: Node) -> bool:
    found = any(key.endswith("_sd_configs") for key, _ in each.items())
    listed = each["static_configs"]
    groups = list(listed) if listed.is_list else []
    return (
        "static_configs" in each
        and not found
        and all(group.is_mapping and not group["targets"].present for group in groups)
    )
