from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.receivers import contacts
from gatekeeper.models.alertmanager import RoutingTree
from gatekeeper.rule import Answer, Reason, rule

_OWN = ("grafana-default-email", "empty")  # contact points that Grafana brings along
_FIX = Fix("declare the receiver, or name one that is declared")


@rule(
    "alertmanager-receiver-missing",
    gate="alerting",
    severity="high",
    seed="5.3 Alerting Rules",
)
def receiver_missing(tree: RoutingTree, project: Project) -> Iterator[Answer]:
    """Every receiver that a route names is declared.

    Alertmanager does not start with a route to a receiver that is not there, and keeps its old configuration when it is
    reloaded: from then on no change of routing arrives. Judged are its own file, also inside a Secret, the values
    of a chart, an AlertmanagerConfig, and Grafana's policies where its contact points are files here too. Contact
    points may also be made by hand in Grafana; where no file declares any, nobody can tell.

    Bad:
    ```yaml alertmanager.yml
    route:
      receiver: default
      routes:
        - matchers: ['severity = "critical"']
          # expect: no receiver pager
          receiver: pager
    receivers:
      - name: default
        slack_configs: [{channel: "#alerts"}]
    ```

    Bad, of Grafana:
    ```yaml grafana/contact-points.yaml
    apiVersion: 1
    contactPoints:
      - orgId: 1
        name: oncall
        receivers: [{uid: a, type: pagerduty}]
    ```
    ```yaml grafana/policies.yaml
    apiVersion: 1
    policies:
      - orgId: 1
        receiver: grafana-default-email
        routes:
          # expect: no contact point on-call
          - receiver: on-call
            object_matchers: [[severity, "=", critical]]
    ```

    Good:
    ```yaml alertmanager.yml
    route:
      receiver: default
      routes:
        - matchers: ['severity = "critical"']
          receiver: pager
    receivers:
      - name: default
        slack_configs: [{channel: "#alerts"}]
      - name: pager
        pagerduty_configs: [{routing_key_file: /etc/pagerduty}]
    ```

    Unknown, its contact points are not here:
    ```yaml grafana/policies.yaml
    apiVersion: 1
    policies:
      - orgId: 1
        receiver: oncall
    ```
    """
    known = set(contacts(project)) if tree.grafana else set(tree.receivers)
    for named in tree.named():
        if not named.known:
            yield Unknown(named, "a receiver that is filled in later")
            continue
        name = named.text
        if not name or name in known or (tree.grafana and name in _OWN):
            continue
        if tree.grafana and not known:
            yield Unknown(named, f"contact point {name}: no file here declares any", Reason.NOT_OWNED_HERE)
        elif not tree.grafana and not tree.whole:
            yield Unknown(named, f"receiver {name}: some of the receivers are filled in later")
        else:
            what = "contact point" if tree.grafana else "receiver"
            yield Finding(named, f"there is no {what} {name}", fix=_FIX)
