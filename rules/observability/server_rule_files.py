from __future__ import annotations

from collections.abc import Iterator
from posixpath import normpath

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.loading import meant
from gatekeeper.models.prometheus_server import Server
from gatekeeper.node import Node
from gatekeeper.rule import Answer, Reason, rule


def _here(server: Server) -> list[Node]:
    """The patterns that mean files beside the configuration: no path of a container, nothing that is filled in."""
    if server.made_by != "prometheus" or not server.by_file:
        return []
    return [
        each
        for each in server.rule_files
        if not each.text.startswith("/") and "{{" not in each.text and "$" not in each.text
    ]


@rule("prometheus-rule-files", gate="alerting", severity="medium", seed="5.3 Alerting Rules",
      where=lambda server: bool(_here(server)))  # fmt: skip
def rule_files(server: Server, project: Project) -> Iterator[Answer]:
    """What Prometheus is told to load is there.

    A pattern of `rule_files` that means no file is no error for Prometheus: it starts without those rules, and nothing
    of them ever fires. Judged are patterns relative to the configuration; a path of a container may be mounted, and in
    a folder that is not here another program may write them.

    Bad:
    ```yaml prometheus/prometheus.yml
    global: {scrape_interval: 30s}
    scrape_configs: []
    rule_files:
      # expect: rules/*.yml means no file
      - "rules/*.yml"
      - rules/orders.yaml
    ```
    ```yaml prometheus/rules/orders.yaml
    groups:
      - name: orders
        rules:
          - {alert: Down, expr: 'up{job="orders"} == 0'}
    ```

    Good:
    ```yaml prometheus/prometheus.yml
    global: {scrape_interval: 30s}
    scrape_configs: []
    rule_files: ["rules/*.yml", /etc/prometheus/more/*.yml]
    ```
    ```yaml prometheus/rules/orders.yml
    groups:
      - name: orders
        rules:
          - {alert: Down, expr: 'up{job="orders"} == 0'}
    ```

    Unknown, another program writes them:
    ```yaml prometheus/prometheus.yml
    global: {scrape_interval: 30s}
    scrape_configs: []
    rule_files: ["generated/*.yml"]
    ```
    """
    for pattern in _here(server):
        if any(meant(pattern.text, server.path, path) for path in project.tree.paths):
            continue
        folder = normpath(f"{server.path.rpartition('/')[0] or '.'}/{pattern.text.rpartition('/')[0] or '.'}")
        if "*" not in folder and project.tree.exists(folder):
            yield Finding(pattern, f"{pattern.text} means no file", fix=Fix("name the files as they are called"))
        else:
            words = f"{pattern.text} means no file here: its folder is made or mounted when Prometheus starts"
            yield Unknown(pattern, words, Reason.NOT_OWNED_HERE)
