from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.dashboards import Dashboard
from gatekeeper.rule import rule

_LONGEST = 40


@rule("dashboard-identity", gate="monitoring", severity="medium", seed="5.1 Monitoring, Custom dashboards")
def identity(dashboard: Dashboard) -> Iterator[Finding]:
    """Every dashboard has a title and a uid.

    Grafana refuses a dashboard without a title. Without a uid it makes one up, another in every Grafana: no link to the
    dashboard, from an alert, a runbook or another dashboard, leads anywhere. A uid has at most 40 letters, digits, `-`
    and `_`; Grafana refuses any other. The name of a `Dashboard` resource is its uid, and so is `uid` of a
    GrafanaDashboard; a GrafanaDashboard without one gets that of the resource, which differs in every cluster.

    Bad, no uid: # expect: no uid
    ```json
    {"title": "Orders", "uid": null, "schemaVersion": 39, "panels": []}
    ```

    Bad, too long: # expect: is longer than 40
    ```json
    {"title": "Orders", "uid": "orders-and-everything-that-belongs-to-orders", "schemaVersion": 39, "panels": []}
    ```

    Bad, no title: # expect: no title
    ```json
    {"title": "", "uid": "orders", "schemaVersion": 39, "panels": []}
    ```

    Good:
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": []}
    ```

    Good, in a resource:
    ```yaml dashboards/orders.yaml
    apiVersion: grafana.integreatly.org/v1beta1
    kind: GrafanaDashboard
    metadata: {name: orders}
    spec:
      uid: orders
      json: |
        {"title": "Orders", "schemaVersion": 39, "panels": []}
    ```
    """
    if not dashboard.title:
        yield Finding(dashboard.at("title"), "the dashboard has no title")
    uid = dashboard.uid
    if not uid:
        yield Finding(dashboard.at("uid"), "the dashboard has no uid: no link can lead to it")
    elif len(uid) > _LONGEST:
        yield Finding(
            dashboard.at("uid"), f"the uid {uid[:50]} is longer than {_LONGEST} characters: Grafana refuses it"
        )
    elif not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", uid) and dashboard.own_uid:
        words = f"the uid {uid} holds other characters than letters, digits, - and _: Grafana refuses it"
        yield Finding(dashboard.at("uid"), words)
