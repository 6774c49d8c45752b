from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links.dashboards import leads, unread
from gatekeeper.models.dashboards import Dashboard
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "dashboard-link-missing",
    gate="monitoring",
    severity="low",
    seed="5.1 Monitoring, Custom dashboards",
    where=lambda dashboard, project: any(leads(address, project) for address, _ in dashboard.links),
)
def link_missing(dashboard: Dashboard, project: Project) -> Iterator[Answer]:
    """Links between dashboards lead to one.

    Grafana finds a dashboard by the uid behind `/d/`; the words that follow it are for people. A link whose words name
    a dashboard of this repository that has another uid is broken. Another uid that is not here may be that of a
    dashboard from elsewhere: it is a fault where `owns` in gatekeeper.yaml names dashboards, else it is not known.

    Bad, the uid changed: # expect: has the uid payments-v2
    ```json dashboards/orders.json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [],
     "links": [{"type": "link", "title": "Payments", "url": "/d/payments/payments-overview?var-job=${job}"}]}
    ```
    ```json dashboards/payments.json
    {"title": "Payments / Overview", "uid": "payments-v2", "schemaVersion": 39, "panels": []}
    ```

    Good:
    ```json dashboards/orders.json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [],
     "links": [{"type": "link", "title": "Payments", "url": "/d/payments/payments"}]}
    ```
    ```json dashboards/payments.json
    {"title": "Payments", "uid": "payments", "schemaVersion": 39, "panels": []}
    ```

    Unknown, it may be from elsewhere:
    ```json dashboards/orders.json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [],
     "links": [{"type": "link", "title": "Nodes", "url": "/d/node-exporter/nodes"}]}
    ```
    """
    for address, steps in dashboard.links:
        led = leads(address, project)
        if led is None or led.found:
            continue
        at = dashboard.at(*steps)
        words = f"no dashboard here has the uid {led.uid}"
        doubt = unread(project)
        if led.meant:
            note = Note(led.meant.at("uid"), "the dashboard that it seems to mean")
            yield Finding(at, f"{words}: {led.meant.title} has the uid {led.meant.uid}", (note,))
        elif doubt is not None:
            yield Unknown(at, f"{words}, but not all could be read", Reason.TEMPLATE_UNRENDERED)
        elif "dashboards" in project.settings.owns:
            yield Finding(at, f"{words}; gatekeeper.yaml says that dashboards belong here")
        else:
            yield Unknown(at, f"{words}: it may be from elsewhere", Reason.NOT_OWNED_HERE)
