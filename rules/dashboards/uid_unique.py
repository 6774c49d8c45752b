from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.models.dashboards import Dashboard
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "dashboard-uid-unique",
    gate="monitoring",
    severity="high",
    seed="5.1 Monitoring, Custom dashboards",
    where=lambda dashboard: bool(dashboard.uid),
)
def uid_unique(dashboard: Dashboard, project: Project) -> Iterator[Answer]:
    """No two dashboards share a uid.

    A Grafana that is given two dashboards with one uid shows only one of them, and which one may change with every
    restart: this is what a dashboard that was copied to make another comes to. The same dashboard, of the same title,
    in two folders (for two environments, for two Grafanas) is one dashboard; the copies do not count. Whether one
    Grafana loads two of different titles that lie in different folders is not known.

    Bad, a copy that became another: # expect: has the uid orders too
    ```json dashboards/orders.json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": []}
    ```
    ```yaml dashboards/payments.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: payments, labels: {grafana_dashboard: "1"}}
    data:
      payments.json: |
        {"title": "Payments", "uid": "orders", "schemaVersion": 39, "panels": []}
    ```

    Good, each has its own:
    ```json dashboards/orders.json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": []}
    ```
    ```json dashboards/payments.json
    {"title": "Payments", "uid": "payments", "schemaVersion": 39, "panels": []}
    ```

    Good, the same one for two environments:
    ```json overlays/staging/orders.json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": []}
    ```
    ```json overlays/production/orders.json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [{"type": "text", "title": "On call"}]}
    ```

    Unknown, other folders:
    ```json docker-compose/grafana/orders.json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": []}
    ```
    ```json kubernetes/dashboards/orders.json
    {"title": "Orders (cluster)", "uid": "orders", "schemaVersion": 39, "panels": []}
    ```
    """
    first = project.once("first dashboard of a uid", _firsts)[dashboard.uid]
    if first.title == dashboard.title:
        return
    words = f"{first.title or 'a dashboard without a title'} ({first.path}) has the uid {dashboard.uid} too"
    if posixpath.dirname(first.path) == posixpath.dirname(dashboard.path):
        yield Finding(dashboard.at("uid"), words, (Note(first.at("uid"), "the first one with it"),))
    else:
        yield Unknown(dashboard.at("uid"), f"{words}: whether one Grafana loads both is not known", Reason.NEEDS_HUMAN)


def _firsts(project: Project) -> dict[str, Dashboard]:
    return {each.uid: each for each in reversed(project.all(Dashboard)) if each.known and each.uid}
