from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.prometheus import Alert
from gatekeeper.rule import rule


@rule("alert-summary", gate="alerting", severity="medium", seed="5.3 Alerting Rules")
def summary(alert: Alert) -> Iterator[Finding]:
    """Every alert says in words what is wrong.

    At night a name and some labels are not enough. A `summary`, `description`, `message` or `title` annotation counts;
    what it says is not judged.

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          # expect: HighLatency does not say what is wrong
          - alert: HighLatency
            expr: histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 1
            for: 5m
            labels: {severity: warning}
          # expect: DiskFull does not say what is wrong
          - alert: DiskFull
            expr: node_filesystem_avail_bytes < 1e9
            annotations: {summary: " ", runbook_url: runbooks/disk.md}
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighLatency
            expr: histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 1
            annotations:
              description: "{{ $value | humanizeDuration }} at the 95th percentile"
    ```
    """
    if alert.summary is None:
        fix = Fix("annotations: {summary: what is wrong, for whom}")
        yield Finding(alert, f"{alert.alert} does not say what is wrong: no summary or description", fix=fix)
