from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.slo import SlothObjective
from gatekeeper.rule import rule


def _alerts(each: SlothObjective) -> bool:
    return not (each.disabled("page") and each.disabled("ticket"))


@rule("slo-sloth-alerting", gate="slo", severity="medium", seed="5.3 Alerting Rules", where=_alerts)
def alerting(each: SlothObjective) -> Iterator[Finding]:
    """The alerts that Sloth makes have a name and a severity of their own.

    Sloth refuses an objective with alerts and no `alerting.name`. Both alerts get the same name; what tells the page
    from the ticket is a label that the route tree asks for. Without any label on either, the two arrive alike. Labels
    that stand for both (`alerting.labels`) do not tell them apart. Whether a route exists for them is asked where the
    route tree is judged.

    Bad:
    ```yaml
    version: prometheus/v1
    service: orders
    slos:
      # expect: no alerting.name
      - name: availability
        objective: 99.9
        alerting:
          page_alert: {labels: {severity: page}}
          ticket_alert: {labels: {severity: ticket}}
      # expect: nothing tells the page from the ticket
      - name: latency
        objective: 99
        alerting:
          name: OrdersAreSlow
          labels: {team: orders}
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
          page_alert: {labels: {severity: page}}
          ticket_alert: {labels: {severity: ticket}}
      - name: freshness
        objective: 95
        alerting:
          page_alert: {disable: true}
          ticket_alert: {disable: true}
    ```
    """
    named = each.alerting["name"]
    if not named.present or (named.known and not named.text):
        yield Finding(each, "no alerting.name: Sloth refuses it", fix=Fix("name what is wrong when it fires"))
    kinds = [kind for kind in ("page", "ticket") if not each.disabled(kind)]
    if len(kinds) == 2 and not any(each.alert(kind)["labels"].present for kind in kinds):
        words = "nothing tells the page from the ticket: neither has a label"
        yield Finding(each, words, severity="low", fix=Fix("page_alert: {labels: {severity: page}}"))
