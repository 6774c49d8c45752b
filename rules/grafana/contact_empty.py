from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.alertmanager import Contact
from gatekeeper.rule import Answer, rule


@rule("grafana-contact-empty", gate="alerting", severity="medium", seed="5.3 Alerting Rules")
def contact_empty(contact: Contact) -> Iterator[Answer]:
    """Every contact point of Grafana has an integration.

    A contact point that is only a name takes the alerts that policies send to it and tells nobody, and so does a
    webhook without a URL, a mail without an address, or a pager without a key. One that is called `null`, `blackhole`
    or the like is meant to.

    Bad:
    ```yaml
    apiVersion: 1
    contactPoints:
      - orgId: 1
        # expect: oncall tells nobody
        name: oncall
        receivers: []
      - orgId: 1
        # expect: chat tells nobody
        name: chat
        receivers:
          - {uid: chat, type: webhook, settings: {url: ""}}
          - {uid: mail, type: email, settings: {}}
    ```

    Unknown, an address of nobody:
    ```yaml
    apiVersion: 1
    contactPoints:
      - orgId: 1
        name: mail
        receivers: [{uid: mail, type: email, settings: {addresses: <example@email.com>}}]
    ```

    Good:
    ```yaml
    apiVersion: 1
    contactPoints:
      - orgId: 1
        name: oncall
        receivers:
          - uid: pager
            type: pagerduty
            settings: {integrationKey: $PAGERDUTY_KEY}
      - orgId: 1
        name: blackhole
        receivers: []
    ```
    """
    it = contact.receiver
    if it.fill_in and len(it.fill_in) == len(it.integrations):
        yield Unknown(contact.node["name"], f"{contact.name}: the address of its {it.fill_in[0]} stands for another")
    elif not (it.integrations and contact.node["receivers"].value) and not it.drops:
        fix = Fix("add a receiver with a type and its settings")
        yield Finding(contact.node["name"], f"{contact.name} tells nobody: it has no integration", fix=fix)
