from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Node, Unknown
from gatekeeper.models.terraform import Resource
from gatekeeper.models.terraform.containers import named
from gatekeeper.models.terraform.policy_documents import decoded
from gatekeeper.rule import Answer, rule


def _sending(task: Resource) -> list[Node]:
    """The drivers of its containers that send through FireLens."""
    containers = decoded(task.node["container_definitions"])
    drivers = [
        named(named(each, "logConfiguration"), "logDriver")
        for each in (containers if containers.is_list else ())
        if each.is_mapping
    ]
    return [driver for driver in drivers if driver.known and driver.text == "awsfirelens"]


@rule(
    "tf-ecs-firelens-router",
    gate="logging",
    severity="high",
    seed="5.2 Logging, Centralized logging",
    types=["aws_ecs_task_definition"],
    where=lambda task: bool(_sending(task)),
)
def firelens_router(task: Resource) -> Iterator[Answer]:
    """A task that logs through FireLens has a container that routes the logs.

    `awsfirelens` hands what a container prints to another of the same task, the one with `firelensConfiguration`.
    Without it the task definition is refused.

    Bad:
    ```hcl
    resource "aws_ecs_task_definition" "orders" {
      container_definitions = jsonencode([{
        name             = "orders"
        # expect: no container with firelensConfiguration
        logConfiguration = { logDriver = "awsfirelens" }
      }])
    }
    ```

    Good:
    ```hcl
    resource "aws_ecs_task_definition" "orders" {
      container_definitions = jsonencode([
        { name = "orders", logConfiguration = { logDriver = "awsfirelens" } },
        { name = "router", firelensConfiguration = { type = "fluentbit" } },
      ])
    }
    ```

    Unknown:
    ```hcl
    variable "router" {}
    resource "aws_ecs_task_definition" "orders" {
      container_definitions = jsonencode([
        { name = "orders", logConfiguration = { logDriver = "awsfirelens" } },
        var.router,
      ])
    }
    ```
    """
    containers = list(decoded(task.node["container_definitions"]))
    if any(each.is_mapping and named(each, "firelensConfiguration").present for each in containers):
        return
    open_ = next((each for each in containers if not each.whole), None)
    if open_ is not None:
        yield Unknown(open_, "a container that is known only at run time may route the logs")
    else:
        yield Finding(_sending(task)[0], "no container with firelensConfiguration takes these logs")
