from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.alarm_actions import left_to_callers
from gatekeeper.links.related import companions
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_FIX = Fix("name the topic of whoever is on call in alarm_actions")
_USERS = {  # what does something with the state of an alarm by itself
    "aws_cloudwatch_composite_alarm": "alarm_rule",
    "aws_ecs_service": "alarms.alarm_names",
    "aws_codedeploy_deployment_group": "alarm_configuration.alarms",
    "aws_route53_health_check": "cloudwatch_alarm_name",
    "aws_appconfig_environment": "monitor.alarm_arn",
    "aws_fis_experiment_template": "stop_condition.value",
    "aws_cloudwatch_event_rule": "event_pattern",
}


@rule(
    "tf-cloudwatch-alarm-actions",
    gate="alerting",
    severity="high",
    seed="5.3 Alerting Rules",
    where=lambda each: each.type in ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm"),
)
def alarm_actions(alarm: Resource, project: Project) -> Iterator[Answer]:
    """Alarms tell somebody.

    An alarm without `alarm_actions` turns red where nobody looks. Alarms that others ask need none: those in the rule
    of a composite alarm, of a deployment that is rolled back by them, of a health check or an event rule. Whether
    anybody listens at the other end is another question.

    Bad, nobody is told:
    ```hcl
    # expect: tells nobody
    resource "aws_cloudwatch_metric_alarm" "errors" {
      alarm_name = "errors"
      ok_actions = [aws_sns_topic.alerts.arn]
    }
    ```

    Bad, an empty list:
    ```hcl
    locals {
      topics = { production = ["arn:aws:sns:eu-west-1:123456789012:alerts"], development = [] }
    }
    resource "aws_cloudwatch_metric_alarm" "errors" {
      alarm_name    = "errors"
      # expect: tells nobody
      alarm_actions = local.topics["development"]
    }
    ```

    Good:
    ```hcl
    resource "aws_sns_topic" "alerts" {
      name = "alerts"
    }
    resource "aws_cloudwatch_metric_alarm" "errors" {
      alarm_name    = "errors"
      alarm_actions = [aws_sns_topic.alerts.arn]
    }
    ```

    Good, a composite alarm asks for it:
    ```hcl
    resource "aws_cloudwatch_metric_alarm" "errors" {
      alarm_name = "errors"
    }
    resource "aws_cloudwatch_composite_alarm" "down" {
      alarm_name    = "down"
      alarm_rule    = "ALARM(${aws_cloudwatch_metric_alarm.errors.alarm_name})"
      alarm_actions = [data.aws_sns_topic.alerts.arn]
    }
    ```

    Unknown, a library whose callers say whom to tell:
    ```hcl modules/alarms/main.tf
    variable "topics" {
      default = []
    }
    resource "aws_cloudwatch_metric_alarm" "errors" {
      alarm_name    = "errors"
      alarm_actions = var.topics
    }
    ```

    Unknown, differs:
    ```hcl
    variable "notify" {
      type = bool
    }
    resource "aws_cloudwatch_metric_alarm" "errors" {
      alarm_name    = "errors"
      alarm_actions = var.notify ? [aws_sns_topic.alerts.arn] : []
    }
    ```
    """
    node = alarm.node["alarm_actions"]
    if node.present and len(node):
        return
    users = companions(alarm, _USERS, dict.fromkeys(_USERS.values()), project)
    if users.found:
        return
    if left_to_callers(alarm, "alarm_actions"):
        yield Unknown(node, f"whom {alarm.name} tells is left to whoever calls this module")
    elif users.doubts and users.doubts[0].expression:
        yield Unknown(alarm, f"{users.doubts[0].expression.text} {users.doubts[0].expression.reason}")
    else:
        yield Finding(node if node.present else alarm, f"{alarm.name} tells nobody", fix=_FIX)
