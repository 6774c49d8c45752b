from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix
from gatekeeper.models.terraform import Block
from gatekeeper.models.terraform.expressions import expressions
from gatekeeper.node import Source, regex
from gatekeeper.parsers import hcl
from gatekeeper.rule import Answer, Place, rule

_REFERENCES = (hcl.GetAttr, hcl.Index, hcl.Variable)


@rule(
    "tf-legacy-lookup",
    gate="iac-validation",
    severity="low",
    seed="2.1 IaC Best Practices",
    aliases=["tflint:terraform_deprecated_lookup"],
    where=lambda block: not block.implied,
    fixable=True,
)
def legacy_lookup(block: Block) -> Iterator[Answer]:
    """Values of maps are taken with brackets.

    `lookup` with two arguments fails as `map[key]` does when there is no such key, and reads as if it did not. It has
    been deprecated since Terraform 0.7. With a default it says what brackets cannot.

    Bad:
    ```hcl
    resource "aws_instance" "web" {
      # expect: lookup without a default
      ami = lookup(var.images, var.region)
    }
    ```

    Good:
    ```hcl
    resource "aws_instance" "web" {
      ami           = var.images[var.region]
      instance_type = lookup(var.sizes, var.region, "t3.small")
    }
    ```
    """
    if not block.written_in.once(_may_hold_one) or not _SIGN.search(block.text):
        return
    for expr in expressions(block.syntax.body):
        if isinstance(expr, hcl.Call) and expr.name == "lookup" and len(expr.arguments) == 2 and not expr.expands:
            over, key = expr.arguments
            at = Place(expr.home.source, expr.span)
            edits = (Edit(at, f"{over.text}[{key.text}]"),) if isinstance(over, _REFERENCES) else ()
            yield Finding(at, "lookup without a default", fix=Fix("write map[key], or give a default", edits))


_SIGN = regex(r"\blookup\s*\(")


def _may_hold_one(source: Source) -> bool:
    """Whether it is worth reading the expressions of a file."""
    return _SIGN.search(source.text) is not None
