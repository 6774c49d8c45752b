from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links.dashboards import Led, leads, named, unread
from gatekeeper.models.alarms import Alarm
from gatekeeper.node import Node
from gatekeeper.rule import Answer, Reason, rule

_UID = "__dashboardUid__"


def _annotations(alarm: Alarm) -> list[tuple[str, Node]]:
    found = cast("Mapping[str, Node]", getattr(alarm, "annotations", {}))
    return [(name, node) for name, node in found.items() if name == _UID or "dashboard" in name.lower()]


def _linked(alarm: Alarm, project: Project) -> list[tuple[Node, Led]]:
    """The dashboards that its annotations name by a uid. What is filled in when it fires is not judged."""
    found: list[tuple[Node, Led]] = []
    for name, node in _annotations(alarm):
        if not node.known or not node.text.strip():
            continue
        led = named(node.text.strip(), "", project) if name == _UID else leads(node.text, project)
        if led is not None and "{" not in led.uid:
            found.append((node, led))
    return found


@rule(
    "alert-dashboard-link",
    gate="monitoring",
    severity="medium",
    seed="5.1 Monitoring, Custom dashboards",
    where=lambda alarm, project: bool(_linked(alarm, project)),
)
def dashboard_link(alarm: Alarm, project: Project) -> Iterator[Answer]:
    """The dashboard that an alert links to is there.

    Whoever is woken up opens the link first. Annotations whose name speaks of a dashboard are judged (`dashboard_url`,
    and `__dashboardUid__` of Grafana's alerts), where they name one by its uid: `/d/UID/words`. A link whose words name
    a dashboard of this repository that has another uid is broken. Another uid that is not here may be that of a
    dashboard from elsewhere: it is a fault where `owns` in gatekeeper.yaml names dashboards, else it is not known.

    Bad, the uid changed:
    ```yaml rules/orders.yaml
    groups:
      - name: orders
        rules:
          - alert: Errors
            expr: errors > 5
            annotations:
              # expect: has the uid orders-v2
              dashboard_url: https://grafana.example.com/d/orders/orders-overview?var-job={{ $labels.job }}
    ```
    ```json dashboards/orders.json
    {"title": "Orders / Overview", "uid": "orders-v2", "schemaVersion": 39, "panels": []}
    ```

    Good:
    ```yaml rules/orders.yaml
    groups:
      - name: orders
        rules:
          - alert: Errors
            expr: errors > 5
            annotations: {dashboard_url: "https://grafana.example.com/d/orders/orders"}
    ```
    ```json dashboards/orders.json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": []}
    ```

    Unknown, it may be from elsewhere:
    ```yaml rules/orders.yaml
    groups:
      - name: orders
        rules:
          - alert: Errors
            expr: errors > 5
            annotations: {dashboard_url: "https://grafana.example.com/d/orders/orders"}
    ```
    """
    for node, led in _linked(alarm, project):
        if led.found:
            continue
        words = f"no dashboard here has the uid {led.uid}"
        if led.meant:
            note = Note(led.meant.at("uid"), "the dashboard that it seems to mean")
            yield Finding(node, f"{words}: {led.meant.title} has the uid {led.meant.uid}", (note,))
        elif unread(project) is not None:
            yield Unknown(node, f"{words}, but not all could be read", Reason.TEMPLATE_UNRENDERED)
        elif "dashboards" in project.settings.owns:
            yield Finding(node, f"{words}; gatekeeper.yaml says that dashboards belong here")
        else:
            yield Unknown(node, f"{words}: it may be from elsewhere", Reason.NOT_OWNED_HERE)
