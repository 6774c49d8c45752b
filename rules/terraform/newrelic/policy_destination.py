from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown, Unresolved
from gatekeeper.links.related import companions, of_type
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_FIX = Fix("add a newrelic_workflow whose filter names the policy")


@rule(
    "tf-newrelic-policy-destination",
    gate="alerting",
    severity="medium",
    seed="5.3 Alerting Rules",
    where=lambda each: each.type == "newrelic_alert_policy",
)
def destination(policy: Resource, project: Project) -> Iterator[Answer]:
    """Alert policies of New Relic reach somebody.

    A policy opens issues; only a workflow, or in older accounts a channel, sends them to people. Looked for is one that
    means this policy. A workflow that chooses by something else may take its issues too.

    Bad:
    ```hcl
    # expect: reaches nobody
    resource "newrelic_alert_policy" "orders" {
      name = "orders"
    }
    ```

    Good:
    ```hcl
    resource "newrelic_alert_policy" "orders" {
      name = "orders"
    }
    resource "newrelic_workflow" "orders" {
      issues_filter {
        name = "orders"
        type = "FILTER"
        predicate {
          attribute = "labels.policyIds"
          operator  = "EXACTLY_MATCHES"
          values    = [newrelic_alert_policy.orders.id]
        }
      }
      destination {
        channel_id = newrelic_notification_channel.pager.id
      }
    }
    ```

    Unknown, a workflow that chooses by a tag:
    ```hcl
    resource "newrelic_alert_policy" "orders" {
      name = "orders"
    }
    resource "newrelic_workflow" "team" {
      issues_filter {
        predicate {
          attribute = "accumulations.tag.team"
          operator  = "EXACTLY_MATCHES"
          values    = ["orders"]
        }
      }
    }
    ```
    """
    paths = ("issues_filter.predicate.values", "policy_id")
    met = companions(policy, ["newrelic_workflow", "newrelic_alert_policy_channel"], paths, project)
    if any(_by_policy(each) for each in met.found):
        return
    doubt = next((node for node in met.doubts if node.expression), None)
    if doubt is not None and doubt.expression:
        raise Unresolved(doubt, doubt.expression)
    for workflow in of_type("newrelic_workflow", project):
        if not _by_policy(workflow):
            yield Unknown(policy, f"{workflow.name} chooses by something else, and may take what it opens")
            return
    yield Finding(policy, f"{policy.name} reaches nobody", fix=_FIX)


def _by_policy(taker: Resource) -> bool:
    """Whether it takes what a policy opens by the policy's id."""
    predicates = [each["predicate"] for each in taker.blocks("issues_filter")]
    attributes = [each["attribute"] for one in predicates for each in (one if one.is_list else [one])]
    return taker.type != "newrelic_workflow" or any(each.known and "policyIds" in each.text for each in attributes)
