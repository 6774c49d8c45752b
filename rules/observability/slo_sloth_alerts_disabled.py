from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.links.slos import guards
from gatekeeper.models.slo import Objective, SlothObjective
from gatekeeper.project import Project
from gatekeeper.rule import rule


@rule("slo-sloth-alerts-disabled", gate="slo", severity="medium", seed="5.3 Alerting Rules")
def disabled(each: SlothObjective, project: Project) -> Iterator[Finding]:
    """An objective of Sloth makes an alert, or somebody else's alert guards it.

    With `disable: true` on the page and on the ticket, its recording rules are there and nothing fires: the budget of
    a month can be gone before anybody looks. Good is to leave one of them on. An alert of the same repository that
    looks at how fast the budget is used up counts as well.

    Bad:
    ```yaml
    version: prometheus/v1
    service: orders
    slos:
      # expect: both alerts are switched off
      - name: availability
        objective: 99.9
        alerting:
          page_alert: {disable: true}
          ticket_alert: {disable: true}
    ```

    Good:
    ```yaml
    version: prometheus/v1
    service: orders
    slos:
      - name: availability
        objective: 99.9
        alerting:
          name: OrdersFail
          page_alert: {disable: true}
    ```
    """
    if not (each.disabled("page") and each.disabled("ticket")):
        return
    promised = next((other for other in project.by(Objective, "path").get(each.path, ()) if _of(each, other)), None)
    if promised is None or not guards(promised, project).burning:
        yield Finding(each, "both alerts are switched off: nothing fires when it is missed")


def _of(each: SlothObjective, other: Objective) -> bool:
    return other.form == "Sloth" and other.sli == each.label
