from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix, Node
from gatekeeper.models.terraform import Resource
from gatekeeper.models.terraform.layout import literal, room
from gatekeeper.rule import Answer, Place, rule


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
    fixable=True,
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
        yield Finding(service, f"{service.name} has no deployment_circuit_breaker", fix=_added(service))
        return
    if breaker["enable"].text != "true":
        yield Finding(breaker["enable"], f"the circuit breaker of {service.name} is off", fix=_set(breaker, "enable"))
    if breaker["rollback"].text != "true":
        words = f"{service.name} does not roll back when a deployment fails"
        yield Finding(breaker["rollback"], words, fix=_set(breaker, "rollback"))


def _added(service: Resource) -> Fix:
    """The whole block. Not safe: a deployment that failed silently then fails, and is rolled back."""
    words = "add deployment_circuit_breaker { enable = true, rollback = true }, one attribute a line"
    written = "deployment_circuit_breaker" in service.syntax.body.attributes or service.syntax.home.fixed is not None
    place = room(service.syntax.home.source, service.syntax.span)
    if place is None or written or _dynamic(service):
        return Fix(words)
    at, indent = place
    lines = ("deployment_circuit_breaker {", "  enable   = true", "  rollback = true", "}")
    text = "".join(f"\n{indent}{line}" for line in lines)
    return Fix(words, (Edit(Place(service.syntax.home.source, at), f"{text}\n"),), safe=False)


def _dynamic(service: Resource) -> bool:
    return any(block.labels[:1] == ("deployment_circuit_breaker",) for block in service.syntax.body.blocks)


def _set(breaker: Node, name: str) -> Fix:
    node = breaker[name]
    edits = (Edit(Place(node.source, node.span), "true"),) if node.present and literal(node, "false", '"false"') else ()
    return Fix(f"set {name} = true", edits, safe=False)
