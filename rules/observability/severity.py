from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.prometheus import Alert
from gatekeeper.rule import rule


@rule(
    "alert-severity",
    gate="alerting",
    severity="high",
    seed="5.3 Alerting Rules",
    where=lambda alert: not alert.silent,
)
def severity(alert: Alert) -> Iterator[Finding]:
    """Every alert says how urgent it is.

    Alertmanager routes by labels: an alert without a severity falls through to the default receiver, and whoever gets
    it cannot tell whether to get up. The label may be called `severity`, `priority`, `level` or `urgency`, and may be
    given to the whole group. Not asked of alerts that fire all the time to prove that alerting works (`vector(1)`).

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          # expect: HighErrorRate has no severity
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            for: 5m
            labels:
              team: orders
    ```

    Bad, in a PrometheusRule, empty:
    ```yaml
    apiVersion: monitoring.coreos.com/v1
    kind: PrometheusRule
    metadata: {name: order-service}
    spec:
      groups:
        - name: order-service
          rules:
            # expect: its severity is empty
            - alert: HighErrorRate
              expr: job:request_errors:ratio5m > 0.001
              labels: {severity: ""}
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: critical}
    ```

    Good, given to the group, and in a ConfigMap:
    ```yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: rules}
    data:
      rules.yaml: |
        groups:
          - name: order-service
            labels: {severity: warning}
            rules:
              - alert: HighErrorRate
                expr: job:request_errors:ratio5m > 0.001
              - alert: Watchdog
                expr: vector(1)
    ```

    Good, filled in when it fires:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: JobFailed
            expr: job_failed == 1
            labels: {severity: "{{ $labels.severity }}"}
    ```
    """
    fix = Fix("labels: {severity: critical}, or whatever your routes expect")
    if alert.severity is None:
        yield Finding(alert, f"{alert.alert} has no severity: it is routed like everything else", fix=fix)
    elif alert.severity.known and not alert.severity.text.strip():
        yield Finding(alert, f"{alert.alert}: its severity is empty", fix=fix)
