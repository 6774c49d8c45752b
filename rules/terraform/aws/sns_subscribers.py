from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown, Unresolved
from gatekeeper.links.alarm_actions import tells
from gatekeeper.links.related import companions
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, Reason, rule

_LISTENERS = {
    "aws_sns_topic_subscription": "topic_arn",
    "aws_chatbot_slack_channel_configuration": "sns_topic_arns",
    "aws_chatbot_teams_channel_configuration": "sns_topic_arns",
    "awscc_chatbot_slack_channel_configuration": "sns_topic_arns",
}


@rule(
    "tf-alarm-topic-subscribed",
    gate="alerting",
    severity="low",
    seed="5.3 Alerting Rules",
    where=lambda topic, project: topic.type == "aws_sns_topic" and tells(topic, project),
)
def subscribed(topic: Resource, project: Project) -> Iterator[Answer]:
    """Somebody listens to the topics that alarms are sent to.

    A topic without a subscription takes every alarm and gives it to nobody. Looked for are subscriptions, and channels
    of the chat service, that mean a topic which an alarm here names. Some are made by hand, so that none is here is a
    fault only where `owns` in gatekeeper.yaml names alerts.

    Bad, they belong here:
    ```yaml gatekeeper.yaml
    owns: [alerts]
    ```
    ```hcl
    # expect: nobody listens
    resource "aws_sns_topic" "alerts" {
      name = "alerts"
    }
    resource "aws_cloudwatch_metric_alarm" "errors" {
      alarm_actions = [aws_sns_topic.alerts.arn]
    }
    ```

    Good:
    ```hcl
    resource "aws_sns_topic" "alerts" {
      name = "alerts"
    }
    resource "aws_sns_topic_subscription" "pager" {
      topic_arn = aws_sns_topic.alerts.arn
      protocol  = "https"
      endpoint  = "https://events.pagerduty.com/integration/x/enqueue"
    }
    resource "aws_cloudwatch_metric_alarm" "errors" {
      alarm_actions = [aws_sns_topic.alerts.arn]
    }
    resource "aws_sns_topic" "orders" {
      name = "orders"
    }
    ```

    Unknown, nobody said who subscribes:
    ```hcl
    resource "aws_sns_topic" "alerts" {
      name = "alerts"
    }
    resource "aws_cloudwatch_metric_alarm" "errors" {
      alarm_actions = [aws_sns_topic.alerts.arn]
    }
    ```
    """
    listeners = companions(topic, _LISTENERS, dict.fromkeys(_LISTENERS.values()), project)
    if listeners.found:
        return
    doubt = next((node for node in listeners.doubts if node.expression), None)
    if doubt is not None and doubt.expression:
        raise Unresolved(doubt, doubt.expression)
    if "alerts" in project.settings.owns:
        yield Finding(topic, f"nobody listens to {topic.name}", fix=Fix("add an aws_sns_topic_subscription"))
    else:
        words = f"nobody listens to {topic.name}; say where subscriptions are made: `owns` or `elsewhere`, alerts"
        yield Unknown(topic, words, Reason.NOT_OWNED_HERE)
