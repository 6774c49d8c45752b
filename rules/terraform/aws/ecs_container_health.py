from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Project, Unknown
from gatekeeper.links.related import companions
from gatekeeper.models.terraform import Resource
from gatekeeper.models.terraform.containers import named
from gatekeeper.models.terraform.policy_documents import decoded
from gatekeeper.rule import Answer, rule

_FIX = Fix('add healthCheck = { command = ["CMD-SHELL", "..."] } with a command that asks the application')


def _served(resource: Resource, project: Project) -> bool:
    """A definition that some service keeps running; a task that ends by itself needs no health check."""
    return resource.type == "aws_ecs_task_definition" and bool(_services(resource, project))


def _services(task: Resource, project: Project) -> list[Resource]:
    return companions(task, ["aws_ecs_service"], ["task_definition"], project).found


@rule(
    "tf-ecs-container-health",
    gate="workload-reliability",
    severity="medium",
    seed="4.1 Dockerfile Best Practices, Health check; 4.2 Kubernetes Deployment Template",
    where=_served,
)
def container_health(task: Resource, project: Project) -> Iterator[Answer]:
    """ECS knows of every container of a service whether it works.

    A container that hangs still runs, and ECS replaces only what ends or what a health check finds ill. Judged are the
    essential containers of definitions that a service runs: each has a `healthCheck`, or stands behind the load
    balancer, whose target group asks it. A health check in the image does not count: ECS does not look at it. Log
    routers of FireLens are spared.

    Bad:
    ```hcl
    resource "aws_ecs_task_definition" "worker" {
      container_definitions = jsonencode([
        # expect: worker is not asked
        { name = "worker", image = "worker:1.4.2" },
        { name = "init", image = "init:1.0.0", essential = false },
      ])
    }
    resource "aws_ecs_service" "worker" {
      task_definition = aws_ecs_task_definition.worker.arn
    }
    ```

    Good, its own, or that of the load balancer:
    ```hcl
    resource "aws_ecs_task_definition" "worker" {
      container_definitions = jsonencode([{
        name        = "worker"
        healthCheck = { command = ["CMD-SHELL", "test -f /tmp/alive"] }
      }])
    }
    resource "aws_ecs_service" "worker" {
      task_definition = aws_ecs_task_definition.worker.arn
    }
    resource "aws_ecs_task_definition" "orders" {
      container_definitions = jsonencode([
        { name = "orders" },
        { name = "logs", firelensConfiguration = { type = "fluentbit" } },
      ])
    }
    resource "aws_ecs_service" "orders" {
      task_definition = aws_ecs_task_definition.orders.arn
      load_balancer {
        container_name   = "orders"
        container_port   = 8080
        target_group_arn = aws_lb_target_group.orders.arn
      }
    }
    ```

    Unknown:
    ```hcl
    variable "containers" {}
    resource "aws_ecs_task_definition" "orders" {
      container_definitions = var.containers
    }
    resource "aws_ecs_service" "orders" {
      task_definition = aws_ecs_task_definition.orders.arn
    }
    ```
    """
    containers = decoded(task.node["container_definitions"])
    if not containers.known:
        yield Unknown(containers, f"nobody knows the containers of {task.name}")
        return
    asked = [block["container_name"] for each in _services(task, project) for block in each.blocks("load_balancer")]
    texts = {_words(name) for name in asked} - {""}
    for container in containers if containers.is_list else ():
        if named(container, "essential").text == "false" or named(container, "firelensConfiguration").present:
            continue
        name = named(container, "name")
        called = _words(name)
        if named(container, "healthCheck").present or called in texts:
            continue
        if asked and not all(each.known for each in (*asked, name)):
            yield Unknown(name, f"nobody knows whether the load balancer asks {called}")
        else:
            yield Finding(container, f"{called or 'a container'} is not asked whether it works", fix=_FIX)


def _words(name: Node) -> str:
    """A name, or the expression that makes it."""
    return name.expression.text if name.expression else name.text
