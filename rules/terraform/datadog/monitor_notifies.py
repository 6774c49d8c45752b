from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown, Unresolved
from gatekeeper.links.alarm_actions import left_to_callers
from gatekeeper.links.related import companions, of_type
from gatekeeper.models.terraform import Resource
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_HANDLE = regex(r"(?<![A-Za-z0-9._%+-])@[A-Za-z0-9]")
_FIX = Fix("add the handle of whoever is on call, for instance @pagerduty-orders")


@rule(
    "tf-datadog-monitor-notifies",
    gate="alerting",
    severity="high",
    seed="5.3 Alerting Rules",
    where=lambda each: each.type == "datadog_monitor",
)
def notifies(monitor: Resource, project: Project) -> Iterator[Answer]:
    """Monitors of Datadog tell somebody.

    Datadog tells whom the message names by an @-handle: a person, a channel, a pager. Without one the monitor turns red
    in a list. A monitor that another one is made of needs none, and notification rules tell by tags.

    Bad:
    ```hcl
    resource "datadog_monitor" "cpu" {
      name    = "CPU"
      type    = "metric alert"
      # expect: tells nobody
      message = "CPU is high on {{host.name}}, write to ops@example.com"
    }
    ```

    Good:
    ```hcl
    variable "team" {
      type = string
    }
    resource "datadog_monitor" "cpu" {
      message = "CPU is high @slack-${var.team} @pagerduty"
    }
    resource "datadog_monitor" "errors" {
      message = <<-EOT
        {{#is_alert}}Many errors @ops@example.com{{/is_alert}}
      EOT
    }
    ```

    Good, part of another:
    ```hcl
    resource "datadog_monitor" "errors" {
      message = "Many errors"
    }
    resource "datadog_monitor" "down" {
      type    = "composite"
      query   = "${datadog_monitor.errors.id} && ${datadog_monitor.latency.id}"
      message = "Down @pagerduty"
    }
    ```

    Unknown:
    ```hcl
    variable "notify" {
      type = string
    }
    resource "datadog_monitor" "cpu" {
      message = "CPU is high ${var.notify}"
    }
    ```

    Unknown, notification rules:
    ```hcl
    resource "datadog_monitor" "cpu" {
      message = "CPU is high"
    }
    resource "datadog_monitor_notification_rule" "orders" {
      name       = "orders"
      recipients = ["pagerduty-orders"]
    }
    ```
    """
    node = monitor.node["message"]
    written = [text.value for text in monitor.texts() if text.name == "message"]
    if any(_HANDLE.search(text[:20000]) for text in written) or (node.known and _HANDLE.search(node.text[:20000])):
        return
    found, doubts = companions(monitor, ["datadog_monitor"], ["query"], project)
    if found:
        return
    if node.expression:
        raise Unresolved(node, node.expression)
    rules = of_type("datadog_monitor_notification_rule", project)
    if left_to_callers(monitor, "message"):
        yield Unknown(node, f"whom {monitor.name} tells is left to whoever calls this module")
    elif rules:
        yield Unknown(node, f"{rules[0].name} may tell somebody by the monitor's tags")
    elif doubts:
        yield Unknown(doubts[0], f"this may be made of {monitor.name}")
    else:
        yield Finding(node if node.present else monitor, f"{monitor.name} tells nobody", fix=_FIX)
