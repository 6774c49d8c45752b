from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.dashboards import dashboards
from gatekeeper.models.docs import Document
from gatekeeper.node import Node, regex
from gatekeeper.rule import Answer, Reason, rule

_UID = regex(r"(?:https?://[^/\s]{1,200})?(?:/[\w.-]{1,60}){0,4}?/d/([A-Za-z0-9_-]{2,60})(?:[/?#]|\Z)")


def _linked(document: Document) -> list[tuple[str, Node]]:
    """The dashboards of Grafana that a document links to, by their uid."""
    if "/d/" not in document.source.text:
        return []
    found = ((_UID.match(link.target), link.node) for link in document.links)
    return [(match[1], node) for match, node in found if match]


@rule(
    "docs-dashboard-link",
    gate="documentation",
    severity="low",
    seed="Runbook Template",
    where=lambda document, project: bool(_linked(document)) and bool(dashboards(project)),
)
def dashboard_link(document: Document, project: Project) -> Iterator[Answer]:
    """The dashboards that documents link to are there.

    Grafana finds a dashboard by its uid (`/d/UID/title`): one that was imported anew has another, and the link in the
    runbook opens nothing. Judged where this repository holds dashboards. A uid that none of them has is a fault where
    `owns` in gatekeeper.yaml names dashboards; else it may be one that was made by hand.

    Bad:
    ```yaml gatekeeper.yaml
    owns: [dashboards]
    ```
    ```markdown docs/runbooks/errors.md
    # Runbook: Errors
    ## Diagnosis
    <!-- expect: no dashboard here has the uid orders-old -->
    Look at [the dashboard](https://grafana.example.com/d/orders-old/orders?orgId=1).
    ```
    ```json dashboards/orders.json
    {"uid": "orders", "title": "Orders", "schemaVersion": 39, "panels": []}
    ```

    Good:
    ```markdown docs/runbooks/errors.md
    # Runbook: Errors
    ## Diagnosis
    Look at [the dashboard](https://grafana.example.com/d/orders/orders?orgId=1).
    ```
    ```json dashboards/orders.json
    {"uid": "orders", "title": "Orders", "schemaVersion": 39, "panels": []}
    ```

    Unknown, perhaps made by hand:
    ```markdown docs/runbooks/errors.md
    # Runbook: Errors
    ## Diagnosis
    Look at [the dashboard](https://grafana.example.com/d/a1b2c3/orders).
    ```
    ```json dashboards/orders.json
    {"uid": "orders", "title": "Orders", "schemaVersion": 39, "panels": []}
    ```
    """
    known = {each.uid.text for each in dashboards(project) if each.uid.known and each.uid.present}
    for uid, at in _linked(document):
        if uid in known:
            continue
        words = f"no dashboard here has the uid {uid}"
        if "dashboards" in project.settings.owns:
            yield Finding(at, words)
        else:
            yield Unknown(at, words, Reason.NOT_OWNED_HERE)
