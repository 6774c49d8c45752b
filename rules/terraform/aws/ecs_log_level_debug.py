from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Unknown
from gatekeeper.links.log_levels import in_production, is_level, tells_all
from gatekeeper.models.terraform import Resource
from gatekeeper.models.terraform.containers import named
from gatekeeper.models.terraform.policy_documents import decoded
from gatekeeper.rule import Answer, rule


def _levels(task: Resource) -> Iterator[tuple[str, Node]]:
    """The variables of its containers that say how much they log, as far as their names are known."""
    containers = decoded(task.node["container_definitions"])
    for container in containers if containers.is_list else ():
        environment = named(container, "environment")
        for entry in environment if environment.is_list else ():
            name = named(entry, "name")
            if name.known and is_level(name.text):
                yield name.text, named(entry, "value")


def _judged(task: Resource) -> bool:
    return in_production(task.path) and any(True for _ in _levels(task))


@rule(
    "tf-ecs-log-level-debug",
    gate="logging",
    severity="medium",
    seed="5.2 Logging, Log levels and retention policies",
    types=["aws_ecs_task_definition"],
    where=_judged,
)
def log_level_debug(task: Resource) -> Iterator[Answer]:
    """In production no container of ECS logs what it debugs.

    At the level `debug` or `trace` a program prints what it holds: requests with their headers, personal data, tokens.
    Judged are task definitions with a variable for the level, in a folder that says that it is production.

    Bad:
    ```hcl environments/production/main.tf
    resource "aws_ecs_task_definition" "orders" {
      container_definitions = jsonencode([{
        name = "orders"
        # expect: LOG_LEVEL is debug
        environment = [{ name = "LOG_LEVEL", value = "debug" }]
      }])
    }
    ```

    Good:
    ```hcl environments/production/main.tf
    resource "aws_ecs_task_definition" "orders" {
      container_definitions = jsonencode([{
        name        = "orders"
        environment = [{ name = "LOG_LEVEL", value = "info" }]
      }])
    }
    ```

    Unknown:
    ```hcl environments/production/main.tf
    variable "level" {}
    resource "aws_ecs_task_definition" "orders" {
      container_definitions = jsonencode([{
        name        = "orders"
        environment = [{ name = "LOG_LEVEL", value = var.level }]
      }])
    }
    ```
    """
    for name, value in _levels(task):
        if not value.known:
            yield Unknown(value, f"{name} is known only at run time")
        elif tells_all(value.text):
            yield Finding(value, f"{name} is {value.text} in production", (), Fix("set it to info"))
