from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Unknown
from gatekeeper.models.credentials import is_clear, is_credential, named_like_a_credential
from gatekeeper.models.secrets import secrets_in
from gatekeeper.models.terraform import Resource
from gatekeeper.models.terraform.containers import named
from gatekeeper.models.terraform.policy_documents import decoded
from gatekeeper.rule import Answer, rule

_FIX = Fix("put it into Secrets Manager or the Parameter Store, and name it in `secrets` with valueFrom")
_NAMES = (".arn", "_arn", ".name", ".id", "_name")  # what names a secret and is none


@rule(
    "tf-ecs-container-secrets",
    gate="secrets",
    severity="critical",
    seed="6.2 Secrets Management",
    aliases=["AWS-0036"],
    where=lambda task: task.type == "aws_ecs_task_definition" and task.node["container_definitions"].present,
)
def container_secrets(task: Resource) -> Iterator[Answer]:
    """Containers of ECS tasks are not given secrets as plain environment.

    What stands in `environment` stands in the task definition, in every old revision of it, in the state, and before
    everybody who may look at the service. With `secrets` the definition holds only where the secret is. A value that is
    passed through a variable is no better there, and counts less than one that is written out. What has the form of a
    key or token is found by another rule, wherever it stands.

    Bad:
    ```hcl
    resource "aws_ecs_task_definition" "orders" {
      container_definitions = jsonencode([{
        name = "orders"
        environment = [
          { name = "LOG_LEVEL", value = "info" },
          # expect: DB_PASSWORD is written
          { name = "DB_PASSWORD", value = "tr0ub4dor-3" },
        ]
      }])
    }
    ```

    Bad, from a variable:
    ```hcl
    variable "db_password" {
      sensitive = true
    }
    resource "aws_ecs_task_definition" "orders" {
      container_definitions = jsonencode([{
        name = "orders"
        environment = [
          # expect: DB_PASSWORD stands
          { name = "DB_PASSWORD", value = var.db_password },
        ]
      }])
    }
    ```

    Good:
    ```hcl
    resource "aws_ecs_task_definition" "orders" {
      container_definitions = jsonencode([{
        name = "orders"
        environment = [
          { name = "DB_HOST", value = aws_db_instance.orders.address },
          { name = "DB_SECRET_ARN", value = aws_secretsmanager_secret.db.arn },
          { name = "TOKEN_TTL", value = "3600" },
        ]
        secrets = [{ name = "DB_PASSWORD", valueFrom = aws_secretsmanager_secret.db.arn }]
      }])
    }
    ```

    Unknown:
    ```hcl
    variable "environment" {}
    resource "aws_ecs_task_definition" "orders" {
      container_definitions = jsonencode([{ name = "orders", environment = var.environment }])
    }
    ```
    """
    containers = decoded(task.node["container_definitions"])
    doubt = containers if not containers.known else None
    for container in containers if containers.is_list else ():
        environment = named(container, "environment")
        if not environment.known:
            doubt = environment
            continue
        for entry in environment:
            name = named(entry, "name")
            if not name.known:
                doubt = name
                continue
            yield from _judge(name.text, named(entry, "value"))
    if doubt is not None:
        yield Unknown(doubt, f"nobody knows what all containers of {task.name} are given")


def _judge(name: str, value: Node) -> Iterator[Answer]:
    if value.known:
        key = any(each.grade != "low" for each in secrets_in(value.text))
        if not key and is_credential(name, value.text):
            yield Finding(value, f"{name} is written into the environment of a container", fix=_FIX)
    elif named_like_a_credential(name) and is_clear(name) and not _names_one(value):
        words = f"{name} stands in the task definition in clear text"
        yield Finding(value, words, fix=_FIX, severity="medium")


def _names_one(value: Node) -> bool:
    return value.expression is not None and value.expression.text.endswith(_NAMES)
