from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links.alerting import for_production
from gatekeeper.links.receivers import routed, routing_trees
from gatekeeper.models.files import Repository
from gatekeeper.models.prometheus import Alert
from gatekeeper.node import regex
from gatekeeper.rule import rule

_NAMED = regex(r"watch-?dog|dead-?man|heart-?beat|always-?firing", 2)  # re.IGNORECASE


def _routes_alerts(_: Repository, project: Project) -> bool:
    return any(not alert.silent for alert in project.all(Alert)) and bool(routing_trees(project))


@rule("alert-watchdog", gate="alerting", severity="low", seed="5.3 Alerting Rules", where=_routes_alerts)
def watchdog(repository: Repository, project: Project) -> Iterator[Finding]:
    """One alert always fires, so that silence means that alerting is broken.

    When Prometheus or Alertmanager is down nobody is told anything, which looks like a quiet night. An alert on
    `vector(1)`, sent to something outside that calls when it stops coming, tells the two apart. Asked of a repository
    that holds both the alerts and where Alertmanager sends them; a receiver that is named after it counts as well, as
    the alert may come with a chart.

    Bad, nothing fires all the time: # expect: no alert that always fires
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
    ```
    ```yaml monitoring/alertmanager.yml
    route: {receiver: team}
    receivers:
      - name: team
        slack_configs: [{channel: "#orders"}]
    ```

    Bad, nobody would miss it:
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
          # expect: Watchdog goes to null, where nobody misses it
          - alert: Watchdog
            expr: vector(1)
            labels: {severity: none}
    ```
    ```yaml monitoring/alertmanager.yml
    route:
      receiver: team
      routes: [{receiver: "null", matchers: ['alertname="Watchdog"']}]
    receivers:
      - name: "null"
      - name: team
        slack_configs: [{channel: "#orders"}]
    ```

    Bad, it is only called so: # expect: no alert that always fires
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
          - alert: Watchdog
            expr: up == 0
            labels: {severity: none}
    ```
    ```yaml monitoring/alertmanager.yml
    route: {receiver: team}
    receivers:
      - name: watchdog
      - name: team
        slack_configs: [{channel: "#orders"}]
    ```

    Good:
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
          - alert: Watchdog
            expr: vector(1)
            labels: {severity: none}
    ```
    ```yaml monitoring/alertmanager.yml
    route: {receiver: team}
    receivers:
      - name: team
        slack_configs: [{channel: "#orders"}]
    ```

    Good, by its route:
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
    ```
    ```yaml monitoring/alertmanager.yml
    route:
      receiver: team
      routes: [{receiver: heartbeat, matchers: ['alertname="Watchdog"']}]
    receivers:
      - name: team
        slack_configs: [{channel: "#orders"}]
      - name: heartbeat
        webhook_configs: [{url: "https://nosnch.example.com/1"}]
    ```
    """
    trees = routing_trees(project)
    firing = sorted(filter(_always_fires, project.all(Alert)), key=lambda alert: not for_production(alert))
    if firing:
        yield from _unheard(firing, project)
        return
    if any(_NAMED.search(each.name) and each.integrations for tree in trees for each in tree.receivers.values()):
        return
    fix = Fix("alert: Watchdog, expr: vector(1), routed to something that calls when it stops coming")
    yield Finding(trees[0].route, "no alert that always fires: silence would not be noticed", fix=fix)


def _always_fires(alert: Alert) -> bool:
    if alert.always:
        return True
    return alert.silent and _NAMED.search(alert.alert) is not None and not (alert.expr.known and _asks(alert.expr.text))


_asks = regex(r"[<>!]|==\s*0").search  # it fires in some state only


def _unheard(firing: list[Alert], project: Project) -> Iterator[Finding]:
    """That the alert is sent to nobody, who could miss it."""
    ways = [(alert, found) for alert in firing if (found := routed(alert, project))]
    if len(ways) < len(firing) or any(each.integrations or not each.node for _, way in ways for each in way.receivers):
        return
    alert, way = ways[0]
    words = f"{alert.alert} goes to {way.receivers[0].name}, where nobody misses it"
    yield Finding(alert, words, fix=Fix("route it to something that calls when it stops coming"))
