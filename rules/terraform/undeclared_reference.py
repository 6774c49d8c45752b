from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Unknown
from gatekeeper.models.terraform import Block, Module, Reference
from gatekeeper.node import regex
from gatekeeper.rule import Answer, Place, Reason, rule

_GIVEN = frozenset(("each", "count", "self", "path", "terraform", "provider"))


@rule(
    "tf-undeclared-reference",
    gate="iac-validation",
    severity="high",
    seed="12. Quality Gates Status",
    where=lambda block: (
        not block.module.fragment and not block.implied and block.syntax.type not in ("moved", "import", "removed")
    ),
)
def undeclared_reference(block: Block) -> Iterator[Answer]:
    """Everything that is referred to is declared in its directory.

    Terraform refuses a reference to a variable, local value, resource, data source or module that no file of the
    directory declares, so nothing here can be planned. Names that expressions introduce themselves (`for`, dynamic
    blocks, `each`, `count`, `self`) are no references. Attributes are not judged: which there are the provider knows.
    Nor are `moved`, `import` and `removed`, which name addresses of the past, and files that are no module: those that
    other directories link to, and mixins, which are copied.

    Bad:
    ```hcl
    variable "region" {}
    locals {
      # expect: var.environment
      name = "orders-${var.environment}"
    }
    resource "aws_sqs_queue" "orders" {
      # expect: local.nam is
      name              = local.nam
      # expect: aws_kms_key.orders
      kms_master_key_id = aws_kms_key.orders.arn
      # expect: data.aws_iam_policy_document.send
      policy            = jsonencode(data.aws_iam_policy_document.send.json)
    }
    output "vpc" {
      # expect: module.network
      value = [for subnet in module.network.subnets : subnet.id]
    }
    ```

    Bad, in JSON: # expect: var.region
    ```json main.tf.json
    {"output": {"region": {"value": "eu ${var.region}", "description": "AWS region"}}}
    ```

    Good, declared in another file:
    ```hcl main.tf
    resource "aws_sqs_queue" "orders" {
      for_each = toset(local.names)
      name     = "${var.environment}-${each.key}-${terraform.workspace}"
      policy   = file("${path.module}/policy.json")
      tags     = { for key, value in var.tags : key => upper(value) if key != "x" }
      provider = aws.west
      dynamic "rule" {
        for_each = var.tags
        iterator = tag
        content {
          name = tag.value
          size = provider::local::size(tag.key)
        }
      }
      lifecycle {
        ignore_changes = [tags, access_config[0].size]
      }
      depends_on = [module.network, data.aws_region.here]
    }
    data "aws_region" "here" {}
    module "network" {
      source    = "./network"
      providers = { aws = aws.west }
    }
    check "health" {
      data "http" "health" {
        url = "https://example.org"
      }
      assert {
        condition     = data.http.health.status_code == 200
        error_message = "${data.http.health.url} is down"
      }
    }
    moved {
      from = aws_sqs_queue.old
      to   = aws_sqs_queue.orders
    }
    ```
    ```hcl variables.tf
    variable "environment" {
      type = string
      validation {
        condition     = contains(["dev", "prod"], var.environment)
        error_message = "dev or prod"
      }
    }
    variable "tags" {
      type    = map(string)
      default = {}
    }
    locals {
      names  = ["a", "b"]
      pieces = [for name in local.names : [for piece in split("-", name) : "${name}${piece}"]]
      text   = <<-EOT
        %{ for name in local.names ~}
        ${name}
        %{ endfor ~}
      EOT
    }
    ```

    Good, a part that is copied into modules:
    ```hcl mixins/provider.tf
    provider "helm" {
      kubernetes = module.eks.connection
    }
    ```
    ```hcl main.tf
    locals {
      one = 1
      two = local.one
    }
    ```

    Unknown, it may stand in the file that cannot be read:
    ```hcl main.tf
    output "region" {
      value = var.region
    }
    ```
    ```hcl variables.tf
    variable "region" {
    ```
    """
    module = block.module
    if not _may_be_undeclared(block):
        return
    scoped = _scoped(block)
    seen: set[str] = set()
    for reference in block.references:
        name = _declared_as(reference)
        if not name or name in seen or name in scoped or _is_declared(module, name):
            continue
        seen.add(name)
        if module.broken:
            words = f"a file of {module.name} cannot be read in full: {name} may stand there"
            yield Unknown(block, words, Reason.UNREADABLE)
            return
        at = Place(reference.expr.home.source, reference.expr.span)
        yield Finding(at, f"{name} is not declared in {module.name}")


_WORDS = regex(r"\b(?:(var|local|module)|(data|ephemeral)\s*\.\s*([\w-]+)|([A-Za-z]\w*_\w*))\s*\.\s*([A-Za-z_][\w-]*)")


def _may_be_undeclared(block: Block) -> bool:
    """Whether its text holds a name that looks like a reference and is declared nowhere: most blocks hold none, and to
    look for words costs less than to read every expression."""
    module = block.module
    for found in _WORDS.finditer(block.text):
        plain, data, kind, typed, name = found.groups()
        if not _is_declared(
            module, f"{plain}.{name}" if plain else f"{data}.{kind}.{name}" if data else f"{typed}.{name}"
        ):
            return True
    return False


def _scoped(block: Block) -> set[str]:
    """Data sources that stand in the block itself, as they may in a check."""
    return {".".join((inner.type, *inner.labels)) for inner in block.syntax.body.blocks if inner.type == "data"}


def _declared_as(reference: Reference) -> str:
    """The address that has to be declared; '' for what needs no declaration, or what no file can tell."""
    root, *rest = reference.path
    if root in _GIVEN or not rest:
        return ""
    if root in ("var", "local", "module"):
        return f"{root}.{rest[0]}"
    if root in ("data", "ephemeral"):
        return f"{root}.{rest[0]}.{rest[1]}" if len(rest) > 1 else ""
    return f"{root}.{rest[0]}" if "_" in root else ""


def _is_declared(module: Module, name: str) -> bool:
    root, _, rest = name.partition(".")
    if root == "var":
        return rest in module.variables
    if root == "local":
        return rest in module.locals
    return name in module.declared
