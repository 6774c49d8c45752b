from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Project, Unknown
from gatekeeper.links.related import companions, of_type
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_FIX = Fix("set desired_count (and min_capacity where it is scaled) to 2 or more")


def _counted(resource: Resource) -> bool:
    """A service that has a number of tasks; a daemon has one on each machine."""
    return resource.type == "aws_ecs_service" and resource.node["scheduling_strategy"] != "DAEMON"


@rule(
    "tf-ecs-desired-count",
    gate="workload-reliability",
    severity="medium",
    seed="1.2 Architecture Design, Plan for high availability; 2.3 Terraform Module Template",
    where=_counted,
)
def desired_count(service: Resource, project: Project) -> Iterator[Answer]:
    """ECS services run at least two tasks.

    One task is none while it is replaced, and none when its zone is down. Nothing written means that the service starts
    with no task at all. Where an `aws_appautoscaling_target` scales the service, its `min_capacity` counts: the number
    that is written in the service is only what it starts with. Daemon services are not judged. A service that ignores
    changes of `desired_count` is scaled by something else; without a target here nobody can tell how far down.

    Bad:
    ```hcl
    resource "aws_ecs_service" "orders" {
      # expect: runs 1 task
      desired_count = 1
    }
    # expect: no task
    resource "aws_ecs_service" "invoices" {}
    ```

    Bad, scaled down to one:
    ```hcl
    resource "aws_ecs_service" "orders" {
      name          = "orders"
      desired_count = 4
    }
    resource "aws_appautoscaling_target" "orders" {
      service_namespace = "ecs"
      resource_id       = "service/main/${aws_ecs_service.orders.name}"
      # expect: scaled down to 1
      min_capacity      = 1
      max_capacity      = 8
    }
    ```

    Good:
    ```hcl
    variable "tasks" {
      default = 3
    }
    resource "aws_ecs_service" "orders" {
      desired_count = var.tasks
    }
    resource "aws_ecs_service" "agent" {
      scheduling_strategy = "DAEMON"
    }
    ```

    Good, scaled:
    ```hcl
    resource "aws_ecs_service" "orders" {
      name          = "orders"
      desired_count = 1
      lifecycle {
        ignore_changes = [desired_count]
      }
    }
    resource "aws_appautoscaling_target" "orders" {
      service_namespace = "ecs"
      resource_id       = "service/main/orders"
      min_capacity      = 2
      max_capacity      = 8
    }
    ```

    Unknown, whom the target scales:
    ```hcl
    variable "scaled" {
      type = string
    }
    resource "aws_ecs_service" "orders" {
      name          = "orders"
      desired_count = 4
    }
    resource "aws_appautoscaling_target" "some" {
      resource_id  = var.scaled
      min_capacity = 1
    }
    ```

    Unknown:
    ```hcl
    variable "tasks" {
      type = number
    }
    resource "aws_ecs_service" "orders" {
      desired_count = var.tasks
    }
    resource "aws_ecs_service" "invoices" {
      lifecycle {
        ignore_changes = [desired_count]
      }
    }
    ```
    """
    found, doubts = companions(service, ["aws_appautoscaling_target"], ["resource_id"], project)
    for target in found:
        least = target.node["min_capacity"].number
        if least is not None and least < 2:
            words = f"{service.name} may be scaled down to {least:g}"
            yield Finding(target.node["min_capacity"], words, fix=_FIX)
    if not found:
        yield from _by_itself(service, doubts, project)


def _by_itself(service: Resource, doubts: list[Node], project: Project) -> Iterator[Answer]:
    count = service.effective("desired_count")
    number = count.number
    if number is not None and number >= 2:
        if doubts and any(_may_go_down(each) for each in of_type("aws_appautoscaling_target", project)):
            yield Unknown(doubts[0], f"nobody can tell whether this scales {service.name} down")
        return
    if "desired_count" in _ignored(service):
        yield Unknown(count, f"{service.name} leaves its number of tasks to something that is not here")
    elif doubts:
        yield Unknown(doubts[0], f"nobody can tell whether this scales {service.name}")
    elif number is not None:
        runs = f"runs {number:g} task" if number else "starts with no task"
        yield Finding(count if service.node["desired_count"].present else service, f"{service.name} {runs}", fix=_FIX)
    else:
        yield Unknown(count, f"desired_count of {service.name} is no number")


def _may_go_down(target: Resource) -> bool:
    least = target.node["min_capacity"]
    return not least.known or least.number is None or least.number < 2


def _ignored(resource: Resource) -> str:
    """What changes it ignores, as written."""
    for block in resource.syntax.body.blocks:
        found = block.body.attributes.get("ignore_changes") if block.type == "lifecycle" else None
        if found:
            return found.expr.text
    return ""
