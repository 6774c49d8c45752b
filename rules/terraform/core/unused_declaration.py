from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.terraform import Directory, Locals, Module
from gatekeeper.models.terraform.usage import used
from gatekeeper.rule import Answer, Place, Reason, Spot, rule


def _declared(module: Module) -> Iterator[tuple[str, Spot]]:
    shared = module.configuration.links
    for name, variable in module.variables.items():
        if variable.path not in shared and not variable.path.endswith("context.tf"):
            yield f"var.{name}", variable
    for block in module.of(Locals):
        for name, attribute in block.syntax.body.attributes.items() if block.path not in shared else ():
            yield f"local.{name}", Place(attribute.home.source, attribute.key)
    for name, block_ in module.declared.items():
        if name.startswith("data.") and block_.path not in shared and not block_.implied:
            checks = any(inner.type == "lifecycle" for inner in block_.syntax.body.blocks)
            if not checks and not block_.syntax.body.attributes.get("depends_on"):
                yield name, block_


@rule(
    "tf-unused-declaration",
    gate="iac-validation",
    severity="low",
    seed="2.1 IaC Best Practices",
    aliases=["tflint:terraform_unused_declarations"],
    where=lambda directory: not directory.module.fragment and any(_declared(directory.module)),
)
def unused_declaration(directory: Directory) -> Iterator[Answer]:
    """Every variable, local value and data source is used.

    A variable that nothing reads is set by callers who believe that it does something; a data source that nothing reads
    is asked on every plan, and fails it when what it looks for is gone. Judged is each directory by itself. Files that
    several directories share by links, and the `context.tf` of a naming module, are written for all and not judged.

    Bad:
    ```hcl
    # expect: nothing reads var.owner
    variable "owner" {
      type = string
    }
    locals {
      # expect: nothing reads local.suffix
      suffix = "-orders"
    }
    # expect: nothing reads data.aws_region.here
    data "aws_region" "here" {}
    ```

    Bad, a variable that only validates itself:
    ```hcl
    # expect: nothing reads var.environment
    variable "environment" {
      type = string
      validation {
        condition     = contains(["dev", "prod"], var.environment)
        error_message = "Choose dev or prod."
      }
    }
    ```

    Good:
    ```hcl main.tf
    variable "environment" {
      type = string
    }
    variable "regions" {
      type = list(string)
    }
    locals {
      name  = "orders-${var.environment}"
      names = { for region in var.regions : region => local.name }
    }
    resource "aws_sqs_queue" "orders" {
      for_each = local.names
      policy   = data.aws_iam_policy_document.send.json
    }
    data "aws_iam_policy_document" "send" {}
    ```

    Unknown, it may be read in the file that cannot be:
    ```hcl main.tf
    variable "environment" {
      type = string
    }
    ```
    ```hcl queue.tf
    resource "aws_sqs_queue" "orders" {
      name = var.environment
    ```
    """
    module = directory.module
    read = used(module)
    for name, at in _declared(module):
        if name in read:
            continue
        if module.broken:
            yield Unknown(at, f"{name} may be read in the file that cannot be read in full", Reason.UNREADABLE)
        else:
            yield Finding(at, f"nothing reads {name}", fix=Fix("remove it, or use it"))
