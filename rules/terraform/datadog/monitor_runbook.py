from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown, Unresolved
from gatekeeper.links.alarm_actions import left_to_callers
from gatekeeper.models.terraform import Resource
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_RUNBOOK = regex(r"run[ _-]?book|play[ _-]?book", 2)
_LINK = regex(r"https?://|\]\(")
_FIX = Fix("add a link to the runbook to the message")


@rule(
    "tf-datadog-monitor-runbook",
    gate="alerting",
    severity="medium",
    seed="5.3 Alerting Rules",
    where=lambda each: each.type == "datadog_monitor",
)
def runbook(monitor: Resource) -> Iterator[Answer]:
    """Monitors of Datadog link to their runbook.

    Whoever is told at night should not have to search. The message counts that has a link and the word runbook or
    playbook, in words or in the address.

    Bad:
    ```hcl
    resource "datadog_monitor" "cpu" {
      # expect: no runbook
      message = "CPU is high on {{host.name}} @pagerduty"
    }
    ```

    Good:
    ```hcl
    resource "datadog_monitor" "cpu" {
      message = <<-EOT
        CPU is high @pagerduty
        [Runbook](https://wiki.example.com/cpu)
      EOT
    }
    resource "datadog_monitor" "errors" {
      message = "Many errors, see https://example.com/runbooks/errors @pagerduty"
    }
    ```

    Unknown:
    ```hcl
    variable "message" {
      type = string
    }
    resource "datadog_monitor" "cpu" {
      message = var.message
    }
    ```
    """
    node = monitor.node["message"]
    texts = [text.value for text in monitor.texts() if text.name == "message"]
    whole = node.text if node.known else " ".join(texts)
    if _RUNBOOK.search(whole[:20000]) and (_LINK.search(whole[:20000]) or not node.known):
        return
    if node.expression:
        raise Unresolved(node, node.expression)
    if left_to_callers(monitor, "message"):
        yield Unknown(node, f"the message of {monitor.name} is left to whoever calls this module")
    else:
        yield Finding(node if node.present else monitor, f"{monitor.name} links to no runbook", fix=_FIX)
