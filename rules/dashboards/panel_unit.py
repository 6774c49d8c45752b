from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.dashboards import Dashboard, Panel, several
from gatekeeper.rule import rule

_MEASURES = frozenset("timeseries graph stat singlestat gauge bargauge".split())


def _measuring(dashboard: Dashboard) -> list[Panel]:
    return [panel for panel in dashboard.panels if panel.type in _MEASURES and not panel.shared]


@rule(
    "dashboard-panel-unit",
    gate="monitoring",
    severity="low",
    seed="5.1 Monitoring, Custom dashboards",
    aliases=["dashboard-linter:panel-units-rule"],
    where=lambda dashboard: bool(_measuring(dashboard)),
)
def panel_unit(dashboard: Dashboard) -> Iterator[Finding]:
    """Every panel says what its numbers are counted in.

    0.25 may be a quarter of a second or a quarter of all requests. `none` and `short` are units too: somebody thought
    about it. Panels whose values are mapped to words need none.

    Bad: # expect: Latency has no unit
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "timeseries", "title": "Latency", "targets": [{"expr": "latency"}]}
    ]}
    ```

    Good:
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "timeseries", "title": "Latency", "fieldConfig": {"defaults": {"unit": "s"}},
       "targets": [{"expr": "latency"}]},
      {"type": "stat", "title": "Up", "fieldConfig": {"defaults": {"mappings": [{"type": "value"}]}},
       "targets": [{"expr": "up"}]}
    ]}
    ```
    """
    bare = [panel for panel in _measuring(dashboard) if not panel.unit and not panel.mapped]
    if bare:
        yield Finding(bare[0].head, f"{several(panel.words for panel in bare)} has no unit")
