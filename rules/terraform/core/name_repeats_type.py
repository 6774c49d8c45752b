from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule


@rule(
    "tf-name-repeats-type",
    gate="iac-validation",
    severity="low",
    seed="2.1 IaC Best Practices",
    where=lambda resource: not resource.implied,
)
def name_repeats_type(resource: Resource) -> Iterator[Answer]:
    """The name of a resource does not repeat its type.

    `aws_sqs_queue.aws_sqs_queue_orders` says everything twice, and so does every reference to it. Judged are names that
    hold the whole type, with or without the provider (`sqs_queue_orders` of an `aws_sqs_queue`), and something more or
    nothing else; a type of one word (`aws_lb.lb`) may well be the name.

    Bad:
    ```hcl
    # expect: repeats its type
    resource "aws_sqs_queue" "orders_sqs_queue" {}
    # expect: repeats its type
    resource "aws_iam_role_policy" "aws_iam_role_policy" {}
    ```

    Good:
    ```hcl
    resource "aws_sqs_queue" "orders" {}
    resource "aws_lb" "lb" {}
    resource "aws_sqs_queue" "queue" {}
    ```
    """
    words = resource.type.split("_")[1:]
    name = resource.label.lower().replace("-", "_").split("_")
    if len(words) > 1 and any(name[at : at + len(words)] == words for at in range(len(name))):
        fix = Fix("name it by what it is for, and keep the state with a moved block")
        yield Finding(resource, f"{resource.name} repeats its type in its name", fix=fix)
