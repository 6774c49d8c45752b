from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note
from gatekeeper.models.terraform import Block, Directory, Locals, Module, ModuleCall, Output, Provider, Typed, Variable
from gatekeeper.rule import Answer, Place, Spot, rule

_OVERRIDES = ("override.tf", "_override.tf", "override.tf.json", "_override.tf.json")


@rule(
    "tf-duplicate-declaration",
    gate="iac-validation",
    severity="critical",
    seed="12. Quality Gates Status; Phase 7 Infrastructure code passes validation",
    where=lambda directory: not directory.module.fragment and bool(directory.module.blocks),
)
def duplicate_declaration(directory: Directory) -> Iterator[Answer]:
    """Nothing is declared twice in a directory.

    Terraform refuses two resources, variables, outputs, module calls or local values of one name, and two
    configurations of a provider without different aliases: nothing in the directory can be planned. Override files
    (`override.tf`, `*_override.tf`) are meant to repeat names, and a `.tofu` file takes the place of the `.tf` file of
    the same name in OpenTofu; neither is judged.

    Bad:
    ```hcl main.tf
    variable "region" {}
    resource "aws_sqs_queue" "orders" {}
    locals {
      name = "orders"
    }
    ```
    ```hcl queues.tf
    # expect: aws_sqs_queue.orders is declared in main.tf too
    resource "aws_sqs_queue" "orders" {}
    # expect: var.region is declared
    variable "region" {}
    locals {
      # expect: local.name is declared
      name = "queue"
    }
    ```

    Good:
    ```hcl main.tf
    resource "aws_sqs_queue" "orders" {}
    data "aws_sqs_queue" "orders" {
      name = "orders"
    }
    provider "aws" {}
    provider "aws" {
      alias = "west"
    }
    output "region" {
      value = 1
    }
    ```
    ```hcl main_override.tf
    resource "aws_sqs_queue" "orders" {
      name = "orders"
    }
    ```
    ```hcl versions.tf
    variable "region" {}
    ```
    ```hcl versions.tofu
    variable "region" {}
    ```
    """
    first: dict[str, tuple[str, Spot]] = {}
    for name, path, at in _declared(directory.module):
        if name in first:
            other, place = first[name]
            words = f"{name} is declared in {other.rpartition('/')[2]} too"
            yield Finding(at, words, (Note(place, "declared here"),))
        else:
            first[name] = path, at


def _declared(module: Module) -> Iterator[tuple[str, str, Spot]]:
    taken = {path.removesuffix(".tofu") + ".tf" for path in module.paths if path.endswith(".tofu")}
    for block in module.blocks:
        if block.implied or block.path in taken or block.path.endswith(_OVERRIDES):
            continue
        if isinstance(block, Locals):
            for name, attribute in block.syntax.body.attributes.items():
                yield f"local.{name}", block.path, Place(attribute.home.source, attribute.key)
        elif _is_declaration(block):
            yield block.name, block.path, block


def _is_declaration(block: Block) -> bool:
    return isinstance(block, (Typed, ModuleCall, Variable, Output, Provider))
