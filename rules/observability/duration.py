from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.prometheus import Alert, seconds
from gatekeeper.rule import rule

_KEYS = ("for", "keep_firing_for")


@rule(
    "alert-duration",
    gate="alerting",
    severity="medium",
    seed="5.3 Alerting Rules",
    aliases=["pint:alerts/for"],
    where=lambda alert: any(alert.node[key].present for key in _KEYS),
)
def duration(alert: Alert) -> Iterator[Finding]:
    """How long an alert waits, and how long it goes on, is a duration that Prometheus can read.

    It refuses the whole file otherwise. A duration is a number with a unit, the larger unit first: `90s`, `1h30m`. That
    `for: 0s` says what would be so without it is no fault: it says that it is meant.

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            # expect: for is no duration: 5 minutes
            for: 5 minutes
            # expect: keep_firing_for is no duration: 10
            keep_firing_for: 10
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            for: 1h30m
            keep_firing_for: 0
    ```
    """
    for key in _KEYS:
        node = alert.node[key]
        if node.present and seconds(node) is None:
            yield Finding(node, f"{alert.alert}: {key} is no duration: {node.text[:40]}", fix=Fix(f"{key}: 5m"))
