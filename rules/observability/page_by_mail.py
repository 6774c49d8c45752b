from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links import routed
from gatekeeper.models.alarms import RoutedAlarm
from gatekeeper.rule import Note, rule


def _pages_somewhere(alarm: RoutedAlarm, project: Project) -> bool:
    return not alarm.silent and alarm.pages and routed(alarm, project) is not None


@rule(
    "alert-page-by-mail",
    gate="alerting",
    severity="medium",
    seed="5.3 Alerting Rules",
    where=_pages_somewhere,
)
def page_by_mail(alarm: RoutedAlarm, project: Project) -> Iterator[Finding]:
    """What pages reaches a pager, not only a mailbox.

    Mail wakes nobody. An alert with a paging severity (critical, page, P1 ...) whose every way through the routing tree
    ends at mail alone is read in the morning. What a webhook leads to cannot be seen, and counts as a pager; so does a
    chat, since its client may ring.

    Bad:
    ```yaml alertmanager.yml
    route:
      receiver: mail
    receivers:
      - name: mail
        email_configs: [{to: team@example.com}]
    ```
    ```yaml rules.yaml
    groups:
      - name: order-service
        rules:
          # expect: HighErrorRate pages by mail only
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: critical}
    ```

    Good:
    ```yaml alertmanager.yml
    route:
      receiver: mail
      routes:
        - match: {severity: critical}
          receiver: pager
    receivers:
      - name: mail
        email_configs: [{to: team@example.com}]
      - name: pager
        opsgenie_configs: [{api_key_file: /etc/opsgenie}]
        email_configs: [{to: team@example.com}]
    ```
    ```yaml rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: critical}
          - alert: Slow
            expr: job:latency:p95 > 1
            labels: {severity: warning}
    ```
    """
    found = routed(alarm, project)
    told = [each for each in found.receivers if each.integrations] if found else []
    if told and all(set(each.integrations) == {"email"} for each in told):
        see = tuple(Note(each.node, "mail only") for each in told[:3] if each.node is not None)
        fix = Fix("route paging severities to a receiver with pagerduty_configs, opsgenie_configs or the like")
        yield Finding(alarm, f"{alarm.title} pages by mail only, at {told[0].name}", see=see, fix=fix)
