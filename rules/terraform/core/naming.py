from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.terraform import Block, ModuleCall, OtherBlock, Output, Typed, Variable
from gatekeeper.node import regex
from gatekeeper.rule import Answer, Place, Spot, rule

_SNAKE = regex(r"_?[a-z0-9]+(?:_[a-z0-9]+)*_?\Z")


def _named(block: Block) -> bool:
    return isinstance(block, (Typed, ModuleCall, Variable, Output)) and not isinstance(block, OtherBlock)


@rule(
    "tf-naming",
    gate="iac-validation",
    severity="low",
    seed="2.1 IaC Best Practices",
    aliases=["tflint:terraform_naming_convention"],
    where=lambda block: (_named(block) or block.syntax.type == "locals") and not block.implied,
)
def naming(block: Block) -> Iterator[Answer]:
    """Names are lower case, with underscores between words.

    Terraform's own names all are, and a name that mixes hyphens or capitals with them has to be looked up each time. A
    hyphen also reads as a minus. Judged are resources, data sources, module calls, variables, outputs and local values.

    Bad:
    ```hcl
    # expect: OrdersQueue
    resource "aws_sqs_queue" "OrdersQueue" {}
    # expect: vpc-id
    output "vpc-id" {
      value = 1
    }
    locals {
      # expect: isProduction
      isProduction = true
    }
    ```

    Good:
    ```hcl
    resource "aws_sqs_queue" "orders_queue" {}
    variable "vpc_id" {}
    locals {
      is_production = true
      s3_2          = 1
    }
    ```
    """
    for name, at in _names(block):
        if not _SNAKE.match(name):
            words = f"{name[:80]} is not lower case with underscores"
            yield Finding(at, words, fix=Fix("rename it; of a resource or module keep the state with a moved block"))


def _names(block: Block) -> Iterator[tuple[str, Spot]]:
    if _named(block):
        yield block.label, block
        return
    for name, attribute in block.syntax.body.attributes.items():
        yield name, Place(attribute.home.source, attribute.key)
