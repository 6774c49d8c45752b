from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.prometheus import Alert
from gatekeeper.rule import Answer, Reason, rule


def _may_page(alert: Alert) -> bool:
    return not alert.silent and alert.severity is not None and (not alert.severity.known or alert.pages)


@rule("alert-page-runbook", gate="alerting", severity="high", seed="5.3 Alerting Rules", where=_may_page)
def page_runbook(alert: Alert) -> Iterator[Answer]:
    """Every alert that pages links to its runbook.

    Whoever is got out of bed must not have to find out first what to do. Paging severities are critical, page,
    emergency, P0, P1, SEV0 and SEV1. An annotation whose name says runbook or playbook counts, and so does a link to
    one in another annotation.

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          # expect: HighErrorRate pages
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: critical}
            annotations: {summary: High error rate detected}
          # expect: HighLatency pages
          - alert: HighLatency
            expr: job:latency:p95 > 1
            labels: {severity: CRITICAL}
            annotations: {runbook_url: TODO}
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: critical}
            annotations: {runbook: docs/runbooks/errors.md}
    ```

    Unknown, its severity is filled in when it fires:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: "{{ $labels.severity }}"}
    ```
    """
    if alert.runbook is not None:
        return
    if alert.severity is not None and not alert.severity.known:
        yield Unknown(alert, f"{alert.alert} has no runbook, and may page: severity filled in", Reason.UNRESOLVED)
    else:
        yield Finding(
            alert, f"{alert.alert} pages somebody and links to no runbook", fix=Fix("annotations: {runbook_url: ...}")
        )
