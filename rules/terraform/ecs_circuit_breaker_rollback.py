from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_FIX = Fix("add deployment_circuit_breaker { enable = true, rollback = true }, one attribute a line")


def _rolling(resource: Resource) -> bool:
    """An ECS service that ECS itself replaces task by task; other controllers have rollbacks of their own."""
    if resource.type != "aws_ecs_service" or resource.absent:
        return False
    controller = resource.node.at("deployment_controller.type")
    strategy = resource.node.at("deployment_configuration.strategy")
    return (not controller.present or controller == "ECS") and (not strategy.present or strategy == "ROLLING")


@rule(
    "tf-ecs-circuit-breaker-rollback",
    gate="deployment-rollback",
    severity="high",
    seed="2.3 Terraform Module Template",
    where=_rolling,
)
def circuit_breaker(service: Resource) -> Iterator[Answer]:
    """ECS services roll a failed deployment back by themselves.

    Without the circuit breaker ECS starts tasks of a broken version over and over, and the deployment neither succeeds
    nor fails. With it, but without `rollback`, the deployment fails and the service stays between two versions. Judged
    are services that ECS deploys by rolling update, the default; CodeDeploy, external controllers and the blue/green
    strategies roll back in other ways.

    Bad, no circuit breaker:
    ```hcl
    # expect: no deployment_circuit_breaker
    resource "aws_ecs_service" "main" {
      name            = "orders"
      task_definition = aws_ecs_task_definition.main.arn
    }
    ```

    Bad, it stops and does not go back:
    ```hcl
    resource "aws_ecs_service" "main" {
      name = "orders"
      deployment_controller {
        type = "ECS"
      }
      deployment_circuit_breaker {
        enable   = true
        # expect: does not roll back
        rollback = false
      }
    }
    ```

    Bad, off by a variable:
    ```hcl
    variable "breaker" {
      default = false
    }
    resource "aws_ecs_service" "main" {
      deployment_circuit_breaker {
        # expect: is off
        enable   = var.breaker
        rollback = true
      }
    }
    ```

    Good:
    ```hcl
    resource "aws_ecs_service" "main" {
      deployment_circuit_breaker {
        enable   = true
        rollback = true
      }
    }
    ```

    Good, written for every element of a list with one element, and CodeDeploy beside it:
    ```hcl
    resource "aws_ecs_service" "main" {
      dynamic "deployment_circuit_breaker" {
        for_each = [{ rollback = true }]
        content {
          enable   = true
          rollback = deployment_circuit_breaker.value.rollback
        }
      }
    }
    resource "aws_ecs_service" "blue_green" {
      deployment_controller {
        type = "CODE_DEPLOY"
      }
    }
    ```

    Unknown, the caller decides:
    ```hcl
    variable "rollback" {
      type = bool
    }
    resource "aws_ecs_service" "main" {
      deployment_circuit_breaker {
        enable   = true
        rollback = var.rollback
      }
    }
    ```
    """
    breaker = service.node["deployment_circuit_breaker"]
    if not breaker.present:
        yield Finding(service, f"{service.name} has no deployment_circuit_breaker", fix=_FIX)
        return
    if breaker["enable"].text != "true":
        yield Finding(breaker["enable"], f"the circuit breaker of {service.name} is off", fix=_FIX)
    if breaker["rollback"].text != "true":
        yield Finding(breaker["rollback"], f"{service.name} does not roll back when a deployment fails", fix=_FIX)
