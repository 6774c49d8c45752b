from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_ROLES = ("task_role_arn", "execution_role_arn")


def _has_both(resource: Resource) -> bool:
    return resource.type == "aws_ecs_task_definition" and all(resource.node[name].present for name in _ROLES)


@rule(
    "tf-ecs-task-roles",
    gate="security-posture",
    severity="low",
    seed="6.1 Security Hardening, Principle of least privilege",
    aliases=["CKV_AWS_249"],
    where=_has_both,
)
def task_roles(task: Resource) -> Iterator[Answer]:
    """An ECS task does not run with the role that starts it.

    The execution role pulls images, writes logs and reads the secrets of every task that it starts. What is in the
    container needs none of that; with the same role a hole in the application reads these secrets. Judged are task
    definitions that name both.

    Bad:
    ```hcl
    resource "aws_ecs_task_definition" "orders" {
      execution_role_arn = aws_iam_role.ecs.arn
      # expect: the role that starts it
      task_role_arn      = aws_iam_role.ecs.arn
    }
    ```

    Bad, by another way:
    ```hcl
    locals {
      role = aws_iam_role.ecs.arn
    }
    resource "aws_ecs_task_definition" "orders" {
      execution_role_arn = aws_iam_role.ecs.arn
      # expect: the role that starts it
      task_role_arn      = local.role
    }
    ```

    Good:
    ```hcl
    resource "aws_ecs_task_definition" "orders" {
      execution_role_arn = aws_iam_role.ecs.arn
      task_role_arn      = aws_iam_role.orders.arn
    }
    resource "aws_ecs_task_definition" "invoices" {
      execution_role_arn = "arn:aws:iam::123456789012:role/ecs"
      task_role_arn      = "arn:aws:iam::123456789012:role/invoices"
    }
    ```

    Unknown:
    ```hcl
    variable "execution_role" {}
    variable "task_role" {}
    resource "aws_ecs_task_definition" "orders" {
      execution_role_arn = var.execution_role
      task_role_arn      = var.task_role
    }
    ```
    """
    own, starter = task.node["task_role_arn"], task.node["execution_role_arn"]
    same = own == starter if own.known and starter.known else _same(task)
    if same is None:
        yield Unknown(own if not own.known else starter, "nobody can tell whether the two roles differ")
    elif same:
        words = f"{task.name} runs with the role that starts it"
        yield Finding(own, words, fix=Fix("give it a role of its own, with what the application needs"))


def _same(task: Resource) -> bool | None:
    """Whether both mean one role, by what they refer to."""
    if task.syntax.home.fixed is not None:  # made by a module of the registry: nothing of it is written here
        return None
    texts = [expr.text if (expr := task.expr(name)) else "" for name in _ROLES]
    if texts[0] == texts[1]:
        return True
    own, starter = (task.addresses(name) for name in _ROLES)
    if own and starter and own.isdisjoint(starter) and not any(each.startswith("var.") for each in own | starter):
        return False
    plain = len(own) == 1 and own == starter and "[" not in "".join(texts)
    return True if plain and next(iter(own)).startswith(("aws_iam_role.", "data.aws_iam_role.")) else None
