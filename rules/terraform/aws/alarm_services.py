from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unresolved
from gatekeeper.links.alarmed import NAMESPACES, alarmed, alarms_made
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_FIX = Fix("add an alarm on its errors, its latency or its age of messages")


def _serves(resource: Resource, project: Project) -> bool:
    return resource.type in NAMESPACES and not resource.module.shown and bool(alarms_made(project))


@rule("tf-service-alarm", gate="alerting", severity="medium", seed="Anti-Patterns to Avoid: Missing monitoring",
      where=_serves)  # fmt: skip
def services(service: Resource, project: Project) -> Iterator[Answer]:
    """Every service has an alarm.

    What nobody watches fails until a customer calls. Judged are services, load balancers, databases, functions and
    queues, in repositories in which Terraform makes alarms at all (whether there are any is asked by `alert-present`).
    An alarm is about a service when it refers to it or says its name, also through its target group or its dead letter
    queue, and whoever evaluates it: CloudWatch, Datadog, New Relic, Grafana. Policies that scale to a target are no
    alarms: nobody is told. What an alarm is about is not always known here, and then this is not either.

    Bad:
    ```hcl
    provider "aws" {}
    resource "aws_lambda_function" "orders" {
      function_name = "orders"
    }
    # expect: no alarm is about
    resource "aws_lambda_function" "bills" {
      function_name = "bills"
    }
    resource "aws_cloudwatch_metric_alarm" "orders" {
      namespace     = "AWS/Lambda"
      metric_name   = "Errors"
      dimensions    = { FunctionName = aws_lambda_function.orders.function_name }
      alarm_actions = [aws_sns_topic.alerts.arn]
    }
    ```

    Good, by reference, through a module:
    ```hcl main.tf
    provider "aws" {}
    resource "aws_lambda_function" "service" {
      for_each      = toset(["orders", "bills"])
      function_name = each.key
    }
    module "alarms" {
      source   = "./alarms"
      for_each = aws_lambda_function.service
      function = each.value.function_name
    }
    ```
    ```hcl alarms/main.tf
    variable "function" {}
    resource "aws_cloudwatch_metric_alarm" "errors" {
      namespace  = "AWS/Lambda"
      dimensions = { FunctionName = var.function }
    }
    ```

    Good, in words:
    ```hcl
    provider "aws" {}
    resource "aws_db_instance" "orders" {
      identifier = "orders-db"
    }
    resource "datadog_monitor" "orders" {
      query = "avg(last_5m):avg:aws.rds.cpuutilization{dbinstanceidentifier:orders-db} > 90"
    }
    ```

    Good, through the target group:
    ```hcl
    provider "aws" {}
    resource "aws_ecs_service" "orders" {
      name = "orders"
      load_balancer {
        target_group_arn = aws_lb_target_group.orders.arn
      }
    }
    resource "aws_lb_target_group" "orders" {
      name = "orders"
    }
    resource "aws_cloudwatch_metric_alarm" "orders" {
      namespace  = "AWS/ApplicationELB"
      dimensions = { TargetGroup = aws_lb_target_group.orders.arn_suffix }
    }
    ```

    Unknown, an alarm of the same kind whose name is not known:
    ```hcl
    provider "aws" {}
    variable "function" {
      type = string
    }
    resource "aws_lambda_function" "bills" {
      function_name = "bills"
    }
    resource "aws_cloudwatch_metric_alarm" "errors" {
      namespace  = "AWS/Lambda"
      dimensions = { FunctionName = var.function }
    }
    ```
    """
    found = alarmed(service, project)
    if found.truth is False:
        yield Finding(service, f"no alarm is about {service.name}", fix=_FIX)
    elif found.doubt is not None and found.doubt.expression:
        raise Unresolved(found.doubt, found.doubt.expression)
