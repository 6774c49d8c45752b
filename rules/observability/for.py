from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.prometheus import Alert
from gatekeeper.node import regex
from gatekeeper.rule import rule

# The condition itself looks back or ahead, or counts down slowly: one evaluation says as much as ten.
_SPANS_TIME = regex(
    r"_over_time\s*\(|\b(?:increase|changes|resets|delta|idelta|predict_linear|deriv)\s*\(|\btime\s*\(\s*\)|\boffset\b"
    r"|_ttl_seconds\b|_expir|_not_after\b",
    re.IGNORECASE,
)


# One of these is in all that it finds. To look for them one by one is ten times as quick.
_HINTS = tuple("time increase changes resets delta predict deriv offset _ttl_ _expir _not_after".split())


def _spans_time(text: str) -> bool:
    lower = text.lower()
    return any(map(lower.__contains__, _HINTS)) and _SPANS_TIME.search(text) is not None


def _momentary(alert: Alert) -> bool:
    return not (alert.silent or alert.burn_rate or _spans_time(alert.expr.text))


@rule("alert-for", gate="alerting", severity="medium", seed="5.3 Alerting Rules", where=_momentary)
def waits(alert: Alert) -> Iterator[Finding]:
    """An alert on a momentary value waits before it fires.

    Without `for` one bad scrape notifies somebody. `for: 0s` says that this is meant. Not asked of alerts that compare
    several windows (burn rate), whose expression spans time itself (`increase`, `..._over_time`, `changes`, `offset`,
    `time()`, a certificate's days), or that fire all the time. `rate` does not count: it smooths, but one burst is
    enough.

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          # expect: HighErrorRate fires at the first evaluation
          - alert: HighErrorRate
            expr: sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.05
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.05
            for: 5m
          - alert: DiskFailed
            expr: node_md_disks{state="failed"} > 0
            for: 0s
          - alert: BudgetBurn
            expr: |
              slo:sli_error:ratio_rate5m > (14.4 * 0.001) and slo:sli_error:ratio_rate1h > (14.4 * 0.001)
          - alert: CertificateExpires
            expr: probe_ssl_earliest_cert_expiry - time() < 86400 * 14
          - alert: Restarts
            expr: increase(kube_pod_container_status_restarts_total[15m]) > 3
    ```

    Unknown, a chart fills it in:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: "{{ .Values.expr }}"
    ```
    """
    if not alert.node["for"].present:
        yield Finding(alert, f"{alert.alert} fires at the first evaluation: no `for`", fix=Fix("for: 5m"))
