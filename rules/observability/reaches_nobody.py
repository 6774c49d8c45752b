from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown, Unresolved
from gatekeeper.links import routed
from gatekeeper.links.receivers import Receiver, Routed, suppressed
from gatekeeper.models.alarms import RoutedAlarm
from gatekeeper.node import regex
from gatekeeper.rule import Answer, Note, Reason, rule

_EXEMPT = regex(r"watchdog|info-?inhibitor|dead-?man|heartbeat", 2)
_FIX = Fix("give the receiver an integration, or the route another receiver")


def _tells(alarm: RoutedAlarm) -> bool:
    return not alarm.silent and not alarm.paused and not _EXEMPT.search(alarm.title)


@rule(
    "alert-reaches-nobody",
    gate="alerting",
    severity="high",
    seed="5.3 Alerting Rules",
    where=_tells,
)
def reaches_nobody(alarm: RoutedAlarm, project: Project) -> Iterator[Answer]:
    """Every alert reaches somebody.

    An alert whose route ends in a receiver without any integration is computed, routed and dropped, and nobody is told
    that it was. Followed is Alertmanager's routing tree, where it stands in this repository: in its own file, in a
    Secret as text, in the values of a chart, in an AlertmanagerConfig; for Grafana's own rules its policies and contact
    points. A label that only a series brings leaves open which way an alert goes; then it is asked of all of them. An
    alert that pages is held to it strictly, another one less.

    The finding stands at the receiver, once for all alerts that it takes.

    Nothing is sent either by a webhook without `url`, a mail without `to` or a pager without a key, by a route that is
    muted all the time, or while an alert that always fires inhibits another. An address that stands for another
    (`<your-webhook>`) may be filled in later.

    Receivers called `null`, `blackhole`, `slack-info` and the like are meant to tell nobody, which is fine for whatever
    does not page. An alert that always fires (Watchdog) or only suppresses others (InfoInhibitor) is not asked. A
    receiver that is not declared is told by `alertmanager-receiver-missing`. Without a routing tree here nobody can
    tell.

    Bad, the receiver is only a name:
    ```yaml alertmanager.yml
    route:
      receiver: default
      routes:
        - matchers: ['severity = "critical"']
          receiver: critical
    receivers:
      - name: default
        slack_configs: [{channel: "#alerts"}]
      # expect: HighErrorRate and 1 more go to critical, which tells nobody
      - name: critical
    ```
    ```yaml rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: critical}
          - alert: Down
            expr: up{job="orders"} == 0
            labels: {severity: critical}
    ```

    Bad, in a Secret; whatever its namespace is, nobody is told:
    ```yaml secret.yaml
    apiVersion: v1
    kind: Secret
    metadata: {name: alertmanager-main}
    stringData:
      alertmanager.yaml: |-
        route:
          receiver: Default
          routes:
            - matchers: [namespace = "shop"]
              receiver: Shop
        receivers:
          - name: Default
          # expect: Slow goes to Shop or Default, which tell nobody
          - name: Shop
    ```
    ```yaml rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: Slow
            expr: job:latency:p95 > 1
            labels: {severity: warning}
    ```

    Bad, what pages is dropped, by the case of a letter:
    ```yaml alertmanager.yml
    route:
      receiver: "null"
      routes:
        - matchers: ['severity = "critical"']
          receiver: critical
    receivers:
      # expect: HighErrorRate goes to null, which tells nobody
      - name: "null"
      - name: critical
        pagerduty_configs: [{routing_key_file: /etc/pagerduty}]
    ```
    ```yaml rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: Critical}
    ```

    Bad, nothing has an address:
    ```yaml alertmanager.yml
    route:
      receiver: chat
    receivers:
      # expect: HighErrorRate goes to chat, which tells nobody
      - name: chat
        webhook_configs: [{url: ""}]
        email_configs: [{send_resolved: true}]
        pagerduty_configs: [{}]
    ```
    ```yaml rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: critical}
    ```

    Bad, muted all the time:
    ```yaml alertmanager.yml
    route:
      receiver: pager
      routes:
        - matchers: ['severity = "critical"']
          mute_time_intervals: [always]
    time_intervals:
      - name: always
        time_intervals: [{weekdays: ["sunday:saturday"], times: [{start_time: "00:00", end_time: "24:00"}]}]
    receivers:
      # expect: HighErrorRate goes to pager, muted all the time, which tells nobody
      - name: pager
        pagerduty_configs: [{routing_key_file: /etc/pagerduty}]
    ```
    ```yaml rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: critical}
          - alert: SomethingElse
            expr: job:request_errors:ratio5m > 0.0001
            labels: {severity: warning}
    ```

    Bad, inhibited by what always fires:
    ```yaml alertmanager.yml
    route:
      receiver: pager
    inhibit_rules:
      - source_matchers: [alertname = "Watchdog"]
        target_matchers: [severity = "critical"]
    receivers:
      - name: pager
        pagerduty_configs: [{routing_key_file: /etc/pagerduty}]
    ```
    ```yaml rules.yaml
    groups:
      - name: order-service
        rules:
          # expect: HighErrorRate is inhibited by Watchdog, which always fires
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: critical}
          - alert: Watchdog
            expr: vector(1)
    ```

    Good:
    ```yaml alertmanager.yml
    route:
      receiver: "null"
      routes:
        - matchers: ['severity =~ "critical|page"']
          receiver: critical
    receivers:
      - name: "null"
      - name: critical
        pagerduty_configs: [{routing_key_file: /etc/pagerduty}]
    ```
    ```yaml rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: critical}
          - alert: SomethingToKnow
            expr: job:request_errors:ratio5m > 0.0001
            labels: {severity: info}
          - alert: Watchdog
            expr: vector(1)
    ```

    Unknown, the namespace decides:
    ```yaml alertmanager.yml
    route:
      receiver: nobody-yet
      routes:
        - matchers: [namespace = "shop"]
          receiver: shop
    receivers:
      - name: nobody-yet
      - name: shop
        email_configs: [{to: shop@example.com}]
    ```
    ```yaml rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: critical}
    ```

    Unknown, an address is filled in later:
    ```yaml alertmanager.yml
    route:
      receiver: chat
    receivers:
      - name: chat
        webhook_configs: [{url: "https://<your-webhook>"}]
    ```
    ```yaml rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: critical}
    ```

    Unknown, the routing tree is another namespace's:
    ```yaml alertmanagerconfig.yaml
    apiVersion: monitoring.coreos.com/v1alpha1
    kind: AlertmanagerConfig
    metadata: {name: shop, namespace: shop}
    spec:
      route: {receiver: pager}
      receivers:
        - name: pager
          pagerdutyConfigs: [{routingKey: {name: pagerduty, key: key}}]
    ```
    ```yaml rules.yaml
    apiVersion: monitoring.coreos.com/v1
    kind: PrometheusRule
    metadata: {name: orders, namespace: orders}
    spec:
      groups:
        - name: order-service
          rules:
            - alert: HighErrorRate
              expr: job:request_errors:ratio5m > 0.001
              labels: {severity: critical}
    ```

    Unknown, the contact point is made by hand:
    ```yaml grafana/policies.yaml
    apiVersion: 1
    policies:
      - orgId: 1
        receiver: oncall
    ```
    ```yaml grafana/rules.yaml
    apiVersion: 1
    groups:
      - orgId: 1
        name: orders
        rules:
          - title: Errors
            condition: A
            data: [{refId: A, datasourceUid: prometheus, model: {expr: "up == 0"}}]
            labels: {severity: critical}
    ```

    Unknown, the routing tree is elsewhere:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: critical}
    ```
    """
    found = routed(alarm, project)
    if found is None:
        words = f"no routing tree here says whom {alarm.title} reaches: add it, or attest whom it reaches"
        yield Unknown(alarm, words, Reason.NOT_OWNED_HERE)
        return
    inhibited = suppressed(alarm, project)
    if inhibited:
        source, by = inhibited
        words = f"{alarm.title} is inhibited by {source}, which always fires"
        yield Finding(alarm, words, see=(Note(by, "by this rule"),), fix=Fix("ask for labels that are `equal`"))
        return
    empty = _empty(found, _pages(alarm))
    if not empty:
        yield from _in_doubt(alarm, found)
        return
    names = " or ".join(each.name for each in empty)
    if len(empty) == len(found.receivers):
        yield _finding(alarm, empty, names, project)
    elif not found.certain:
        words = f"{alarm.title} may go to {names}, which tells nobody: its series decide, or which tree is used"
        yield Unknown(alarm, words, Reason.UNRESOLVED)


def _in_doubt(alarm: RoutedAlarm, found: Routed) -> Iterator[Unknown]:
    """That none of those which it may go to is known to tell somebody."""
    if all(each.node is None for each in found.receivers):
        words = f"whom {found.receivers[0].name} tells is not said here, and {alarm.title} goes there"
        yield Unknown(alarm, words, Reason.NOT_OWNED_HERE)
    elif all(each.fill_in and set(each.fill_in) == set(each.integrations) for each in found.receivers):
        to = found.receivers[0]
        words = f"{alarm.title} goes to {to.name}, whose {to.fill_in[0]} has an address that stands for another"
        yield Unknown(to.node or alarm, words, Reason.NEEDS_HUMAN)


def _empty(found: Routed, pages: bool) -> list[Receiver]:
    """The receivers that tell nobody; those that are meant to only where something that pages goes nowhere else."""
    empty = [each for each in found.receivers if each.node is not None and not each.integrations]
    return empty if pages and len(empty) == len(found.receivers) else [each for each in empty if not each.drops]


def _finding(alarm: RoutedAlarm, empty: list[Receiver], names: str, project: Project) -> Finding:
    """The one finding of all alerts that go the same way and are alike urgent."""
    pages = _pages(alarm)
    alike = project.once("alerts that reach nobody", _lost)[names, pages]
    more = len({each.title for each in alike}) - 1
    who = f"{alike[0].title} and {more} more go" if more else f"{alike[0].title} goes"
    words = f"{who} to {names}, which {'tells' if len(empty) == 1 else 'tell'} nobody"
    see = [Note(each.node, "no integration either") for each in empty[1:3] if each.node is not None]
    see += [Note(each, "goes there") for each in alike[:3]]
    at = empty[0].node or alarm
    return Finding(at, words, see=tuple(see), fix=_FIX, severity=None if pages else "medium")


def _lost(project: Project) -> dict[tuple[str, bool], list[RoutedAlarm]]:
    found: dict[tuple[str, bool], list[RoutedAlarm]] = {}
    for alarm in filter(_tells, project.all(RoutedAlarm)):
        way = routed(alarm, project)
        empty = _empty(way, _pages(alarm)) if way else []
        if way and empty and len(empty) == len(way.receivers):
            names = " or ".join(each.name for each in empty)
            found.setdefault((names, _pages(alarm)), []).append(alarm)
    return found


def _pages(alarm: RoutedAlarm) -> bool:
    try:
        return alarm.pages
    except Unresolved:
        return False
