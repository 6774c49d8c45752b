from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.prometheus import Alert
from gatekeeper.rule import rule


def _tells_without_paging(alert: Alert) -> bool:
    return not alert.silent and (alert.severity is None or (alert.severity.known and not alert.pages))


@rule(
    "alert-runbook",
    gate="alerting",
    severity="medium",
    seed="5.3 Alerting Rules",
    where=_tells_without_paging,
)
def runbook(alert: Alert) -> Iterator[Finding]:
    """Every alert links to its runbook.

    Whoever is told should not have to search. An annotation whose name says runbook or playbook counts, and so does a
    link to one in another annotation. Alerts that page are held to it by `alert-page-runbook`. Of 1,984 published
    alerts 289 have such an annotation, so this one advises.

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          # expect: HighLatency links to no runbook
          - alert: HighLatency
            expr: job:latency:p95 > 1
            labels: {severity: warning}
            annotations: {summary: Slow}
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighLatency
            expr: job:latency:p95 > 1
            labels: {severity: warning}
            annotations: {runbook_url: https://runbooks.example.com/HighLatency}
          - alert: HighErrors
            expr: job:errors:ratio > 0.01
            labels: {severity: warning}
            annotations: {description: "Too many errors, see https://example.com/runbooks/errors.md"}
          - alert: AllTheTime
            expr: vector(1)
            labels: {severity: none}
    ```
    """
    if alert.runbook is None:
        yield Finding(alert, f"{alert.alert} links to no runbook", fix=Fix("annotations: {runbook_url: ...}"))
