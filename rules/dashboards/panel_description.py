from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.dashboards import Dashboard, several
from gatekeeper.rule import rule


@rule(
    "dashboard-panel-description",
    gate="monitoring",
    severity="off",
    seed="5.1 Monitoring, Custom dashboards",
    aliases=["dashboard-linter:panel-title-description-rule"],
    where=lambda dashboard: bool(dashboard.panels),
)
def panel_description(dashboard: Dashboard) -> Iterator[Finding]:
    """Every panel has a title and says what it shows.

    A description stands behind the `i` of a panel: what is normal, and what to do when it is not. Almost nobody writes
    one, so that this is asked only where the settings or `--select` ask for it.

    Bad: # expect: Errors has no description
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "stat", "title": "Errors", "targets": [{"expr": "errors"}]}
    ]}
    ```

    Good:
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "stat", "title": "Errors", "description": "Usually below 1.", "targets": [{"expr": "errors"}]}
    ]}
    ```
    """
    drawn = [panel for panel in dashboard.panels if panel.type != "text" and not panel.shared]
    untitled = [panel for panel in drawn if not panel.title]
    bare = [panel for panel in drawn if panel.title and not panel.spec.get("description")]
    if untitled:
        yield Finding(untitled[0].head, several(panel.words for panel in untitled))
    if bare:
        yield Finding(bare[0].head, f"{several(panel.words for panel in bare)} has no description")
