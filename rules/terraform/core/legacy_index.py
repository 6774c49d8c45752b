from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix
from gatekeeper.models.terraform import Block
from gatekeeper.models.terraform.expressions import expressions
from gatekeeper.node import Source, regex
from gatekeeper.parsers import hcl
from gatekeeper.rule import Answer, Place, rule


@rule(
    "tf-legacy-index",
    gate="iac-validation",
    severity="low",
    seed="2.1 IaC Best Practices",
    aliases=["tflint:terraform_deprecated_index"],
    where=lambda block: not block.implied,
    fixable=True,
)
def legacy_index(block: Block) -> Iterator[Answer]:
    """Items of lists are taken with brackets.

    `list.0` is what Terraform 0.11 wrote; it is still read, but not everywhere, and looks like an attribute.

    Bad:
    ```hcl
    output "address" {
      # expect: .0
      value = aws_instance.web.0.private_ip
    }
    ```

    Good:
    ```hcl
    output "address" {
      value = aws_instance.web[0].private_ip
    }
    ```
    """
    if not block.written_in.once(_may_hold_one) or not _SIGN.search(block.text):
        return
    for expr in expressions(block.syntax.body):
        if isinstance(expr, hcl.Index) and isinstance(expr.key, hcl.Literal) and expr.key.text.startswith("."):
            number = expr.key.text.lstrip(". \t\n")
            at = Place(expr.home.source, expr.key.span)
            edits = (Edit(at, f"[{number}]"),) if number.isdigit() else ()
            yield Finding(at, f".{number} is an old way to take an item", fix=Fix(f"write [{number}]", edits))


_SIGN = regex(r"\.\s*\d")


def _may_hold_one(source: Source) -> bool:
    """Whether it is worth reading the expressions of a file."""
    return _SIGN.search(source.text) is not None
