from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.loading import loaded
from gatekeeper.models.prometheus import RuleGroup
from gatekeeper.rule import Answer, Note, Reason, rule


def _may_be_loaded_here(group: RuleGroup, project: Project) -> bool:
    """It is in PromQL, and a Prometheus that may read what it is written in is configured here."""
    return group.language == "promql" and loaded(group, project)[1] is not None


@rule("rules-loaded", gate="alerting", severity="high", seed="5.3 Alerting Rules", where=_may_be_loaded_here)
def rules_loaded(group: RuleGroup, project: Project) -> Iterator[Answer]:
    """Rules that are written are loaded.

    A file that no `rule_files` means, or a PrometheusRule without the label that `ruleSelector` asks for, is valid,
    reviewed and never evaluated: no alert of it will ever fire. A file is looked for in the patterns of a Prometheus
    configuration above it; a path of a container (`/etc/prometheus/rules/*.yml`) may mean it by its name. Where no
    Prometheus is configured here, the rule does not apply: that alerts arrive, a test alert shows (`alerts-delivered`).

    Bad, a file:
    ```yaml prometheus/prometheus.yml
    global: {scrape_interval: 30s}
    scrape_configs: []
    rule_files: ["rules/*.yml"]
    ```
    ```yaml prometheus/rules/orders.yaml
    groups:
      # expect: orders is not loaded
      - name: orders
        rules:
          - {alert: Down, expr: 'up{job="orders"} == 0'}
    ```

    Bad, an object:
    ```yaml k8s/prometheus.yaml
    apiVersion: monitoring.coreos.com/v1
    kind: Prometheus
    metadata: {name: main, namespace: monitoring}
    spec:
      ruleSelector: {matchLabels: {prometheus: main}}
      ruleNamespaceSelector: {}
    ```
    ```yaml k8s/rules.yaml
    apiVersion: monitoring.coreos.com/v1
    kind: PrometheusRule
    metadata: {name: orders, namespace: shop, labels: {app: orders}}
    spec:
      groups:
        # expect: orders is not loaded
        - name: orders
          rules:
            - {alert: Down, expr: 'up{job="orders"} == 0'}
    ```

    Good:
    ```yaml prometheus/prometheus.yml
    global: {scrape_interval: 30s}
    scrape_configs: []
    rule_files: ["rules/*.yml"]
    ```
    ```yaml prometheus/rules/orders.yml
    groups:
      - name: orders
        rules:
          - {alert: Down, expr: 'up{job="orders"} == 0'}
    ```

    Good, an object:
    ```yaml k8s/prometheus.yaml
    apiVersion: monitoring.coreos.com/v1
    kind: Prometheus
    metadata: {name: main, namespace: monitoring}
    spec:
      ruleSelector: {}
      ruleNamespaceSelector: {}
    ```
    ```yaml k8s/rules.yaml
    apiVersion: monitoring.coreos.com/v1
    kind: PrometheusRule
    metadata: {name: orders, namespace: shop, labels: {app: orders}}
    spec:
      groups:
        - name: orders
          rules:
            - {alert: Down, expr: 'up{job="orders"} == 0'}
    ```

    Unknown, a path in the container may mean it:
    ```yaml prometheus/prometheus.yml
    global: {scrape_interval: 30s}
    scrape_configs: []
    rule_files: ["/etc/prometheus/rules/*.yml"]
    ```
    ```yaml alerts/orders.yml
    groups:
      - name: orders
        rules:
          - {alert: Down, expr: 'up{job="orders"} == 0'}
    ```
    """
    answer, server = loaded(group, project)
    if answer == "no" and server is not None:
        asked = "ruleSelector" if server.made_by == "operator" else "rule_files"
        see = (Note(server.node[asked], f"what {server.name} loads"),)
        yield Finding(group, f"{group.name} is not loaded: {asked} of {server.name} does not mean it", see, _FIX[asked])
    elif answer == "perhaps" and server is not None:
        yield Unknown(group, f"{group.name}: whether {server.name} loads it is not known here", Reason.NOT_OWNED_HERE)


_FIX = {
    "ruleSelector": Fix("give the PrometheusRule the labels that ruleSelector asks for"),
    "rule_files": Fix("name the file in rule_files"),
}
