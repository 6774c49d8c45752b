from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.dashboards import provisioned
from gatekeeper.models.dashboards import Dashboard, Panel, Target, named_source, several
from gatekeeper.node import regex
from gatekeeper.rule import Answer, Reason, rule

# What Grafana makes up: P and 16 digits, a UUID, nine digits, nine or fourteen characters that are no word.
_MADE_UP = regex(
    r"P[0-9A-F]{16}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{9}"
    r"|(?=[^-_]{0,13}[0-9])(?=\w{0,13}[a-z])[a-z0-9]{14}|(?=.{0,8}[A-Z])(?=.{0,8}[a-z0-9])[A-Za-z0-9_-]{9}"
)


@rule(
    "dashboard-datasource-fixed",
    gate="monitoring",
    severity="medium",
    seed="5.1 Monitoring, Custom dashboards",
    aliases=["dashboard-linter:panel-datasource-rule"],
    where=lambda dashboard: any(panel.targets for panel in dashboard.panels),
)
def datasource_fixed(dashboard: Dashboard, project: Project) -> Iterator[Answer]:
    """A dashboard finds its data sources wherever it is loaded.

    The uid of a data source is made up by each Grafana. A dashboard that was exported with it shows nothing but errors
    in the next one. A variable of type `datasource` counts (`${datasource}`), an input (`${DS_PROMETHEUS}`), no data
    source at all, which is the default one, and a name or uid that provisioning in this repository gives a data source
    (a file with `datasources`, Terraform, a GrafanaDatasource). A name that somebody chose (`prometheus`) may be what
    the data source is called wherever this is loaded: that is not known.

    Bad: # expect: asks the data source PBFA97CFB590B2093
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "stat", "title": "Up", "datasource": {"type": "prometheus", "uid": "PBFA97CFB590B2093"},
       "targets": [{"expr": "up"}]}
    ]}
    ```

    Good, a variable:
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39,
     "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
     "panels": [
      {"type": "stat", "title": "Up", "datasource": {"type": "prometheus", "uid": "${datasource}"},
       "targets": [{"expr": "up"}]}
    ]}
    ```

    Good, it is set up here:
    ```json dashboards/orders.json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "stat", "title": "Up", "datasource": {"type": "prometheus", "uid": "main"}, "targets": [{"expr": "up"}]}
    ]}
    ```
    ```yaml provisioning/datasources/main.yaml
    apiVersion: 1
    datasources:
      - {name: Prometheus, uid: main, type: prometheus, url: "http://prometheus:9090"}
    ```

    Unknown, a name that somebody chose:
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "stat", "title": "Up", "datasource": "Prometheus", "targets": [{"expr": "up"}]}
    ]}
    ```
    """
    known = provisioned(project)
    fixed: dict[str, list[Panel | Target]] = {}
    for panel in dashboard.panels:
        holders: list[Panel | Target] = [panel, *panel.targets]
        for each in holders:
            name = named_source(each.spec.get("datasource"))
            if name and name not in known:
                fixed.setdefault(name, []).append(each)
    for name, found in fixed.items():
        at = found[0].at("datasource")
        asks = f"{several(map(_words, found))} asks the data source {name}"
        if any(variable.name == name for variable in dashboard.variables):
            yield Finding(at, f"{asks}: the variable of that name is meant, ${{{name}}}")
        elif _MADE_UP.fullmatch(name):
            yield Finding(at, f"{asks}, which is known in one Grafana only")
        else:
            yield Unknown(at, f"{asks}, which nothing here sets up", Reason.NOT_OWNED_HERE)


def _words(each: Panel | Target) -> str:
    return each.panel.words if isinstance(each, Target) else each.words
