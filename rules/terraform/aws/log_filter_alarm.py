from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.log_alerts import metric_filters
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule


@rule(
    "tf-log-filter-alarm",
    gate="logging",
    severity="low",
    seed="5.2 Logging, Log-based alerts",
    types=["aws_cloudwatch_log_metric_filter"],
    where=lambda each: each.type == "aws_cloudwatch_log_metric_filter" and not each.module.shown,
)
def log_filter_alarm(each: Resource, project: Project) -> Iterator[Answer]:
    """What a metric filter counts in logs raises an alarm.

    A filter makes a number of lines that match; nobody is told of it unless an alarm looks at that metric. An alarm
    belongs to it by the name of the metric and its namespace. A filter for a dashboard alone needs none.

    Bad:
    ```hcl
    resource "aws_cloudwatch_log_metric_filter" "errors" {
      name           = "errors"
      pattern        = "ERROR"
      log_group_name = "/ecs/orders"
      metric_transformation {
        # expect: no alarm
        name      = "Errors"
        namespace = "Orders"
        value     = "1"
      }
    }
    ```

    Good:
    ```hcl
    resource "aws_cloudwatch_log_metric_filter" "errors" {
      name           = "errors"
      pattern        = "ERROR"
      log_group_name = "/ecs/orders"
      metric_transformation {
        name      = "Errors"
        namespace = "Orders"
        value     = "1"
      }
    }
    resource "aws_cloudwatch_metric_alarm" "errors" {
      alarm_name          = "errors"
      comparison_operator = "GreaterThanThreshold"
      evaluation_periods  = 1
      threshold           = 0
      metric_name         = aws_cloudwatch_log_metric_filter.errors.metric_transformation[0].name
      namespace           = aws_cloudwatch_log_metric_filter.errors.metric_transformation[0].namespace
    }
    ```

    Unknown:
    ```hcl
    variable "metric" {}
    resource "aws_cloudwatch_log_metric_filter" "errors" {
      name           = "errors"
      pattern        = "ERROR"
      log_group_name = "/ecs/orders"
      metric_transformation {
        name      = var.metric
        namespace = "Orders"
        value     = "1"
      }
    }
    ```
    """
    found = next((one for one in metric_filters(project) if one.filter is each or one.filter.name == each.name), None)
    if found is None or found.alarmed:
        return
    if found.alarmed is None:
        yield Unknown(found.at, "whether an alarm looks at this metric is known only at run time")
    else:
        yield Finding(found.at, f"no alarm looks at the metric {found.at.text}", (), Fix("add a metric alarm on it"))
