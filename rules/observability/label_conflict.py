from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links.loading import external_labels
from gatekeeper.models.prometheus import GroupedRule
from gatekeeper.rule import Note, rule


@rule(
    "rule-label-conflict",
    gate="alerting",
    severity="off",
    seed="5.3 Alerting Rules",
    aliases=["pint:labels/conflict"],
    where=lambda rule, project: bool(rule.labels) and bool(external_labels(project)),
)
def label_conflict(rule: GroupedRule, project: Project) -> Iterator[Finding]:
    """A rule gives no label that its Prometheus gives to everything.

    An alert keeps its own label where an external one has the same name: whoever routes or looks by the external one
    (`cluster`, `region`) does not find it.

    Bad:
    ```yaml prometheus/prometheus.yml
    global: {external_labels: {cluster: east}}
    scrape_configs: []
    rule_files: ["rules.yml"]
    ```
    ```yaml prometheus/rules.yml
    groups:
      - name: orders
        rules:
          - alert: Down
            expr: up{job="orders"} == 0
            # expect: the label cluster is one that Prometheus gives
            labels: {cluster: west}
    ```

    Good:
    ```yaml prometheus/prometheus.yml
    global: {external_labels: {cluster: east}}
    scrape_configs: []
    rule_files: ["rules.yml"]
    ```
    ```yaml prometheus/rules.yml
    groups:
      - name: orders
        rules:
          - alert: Down
            expr: up{job="orders"} == 0
            labels: {severity: critical}
    ```
    """
    given = external_labels(project)
    for name, node in rule.labels.items():
        if name in given:
            words = f"{rule.name.rpartition('/')[2]}: the label {name} is one that Prometheus gives to everything"
            yield Finding(node, words, (Note(given[name], "here"),), Fix("leave it out, or call it something else"))
