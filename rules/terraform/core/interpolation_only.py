from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix
from gatekeeper.models.terraform import Block
from gatekeeper.models.terraform.expressions import expressions
from gatekeeper.node import Source, regex
from gatekeeper.parsers import hcl
from gatekeeper.rule import Answer, Place, rule

_SIMPLE = (hcl.GetAttr, hcl.Index, hcl.Variable, hcl.Call, hcl.Splat)


@rule(
    "tf-interpolation-only",
    gate="iac-validation",
    severity="low",
    seed="2.1 IaC Best Practices",
    aliases=["tflint:terraform_deprecated_interpolation"],
    where=lambda block: not block.implied,
    fixable=True,
)
def interpolation_only(block: Block) -> Iterator[Answer]:
    """Texts that are nothing but an interpolation are written as expressions.

    `"${var.name}"` is the syntax of Terraform 0.11: it looks like a text and is whatever `var.name` is, also a list.
    Since 0.12 the expression alone says the same. Keys of objects, where the quotes are needed, and JSON, which has no
    other way, are not judged.

    Bad:
    ```hcl
    resource "aws_sqs_queue" "orders" {
      # expect: only var.name
      name = "${var.name}"
      tags = {
        # expect: only a longer expression
        Team = "${var.owned ? var.team : "nobody"}"
      }
    }
    ```

    Good:
    ```hcl
    resource "aws_sqs_queue" "orders" {
      name = var.name
      tags = {
        "${var.key}" = "${var.team}-orders"
      }
      policy = <<-EOT
        ${var.policy}
      EOT
    }
    ```
    """
    if not block.written_in.once(_may_hold_one) or not _SIGN.search(block.text):
        return
    for expr in expressions(block.syntax.body):
        if not isinstance(expr, hcl.Template) or len(expr.parts) != 1 or not expr.text.startswith('"'):
            continue
        inner = expr.parts[0]
        if isinstance(inner, hcl.Expr) and not isinstance(inner, hcl.Opaque):
            at = Place(expr.home.source, expr.span)
            short = isinstance(inner, _SIMPLE) and len(inner.text) < 60 and "\n" not in inner.text
            text = inner.text if isinstance(inner, _SIMPLE) else f"({inner.text})"
            edits = (Edit(at, text),) if "~}" not in expr.text and "${~" not in expr.text else ()
            words = f"a text that is only {inner.text if short else 'a longer expression'}"
            yield Finding(at, words, fix=Fix("write the expression without quotes", edits))


_SIGN = regex(r'"[$%]\{')


def _may_hold_one(source: Source) -> bool:
    """Whether it is worth reading the expressions of a file."""
    return _SIGN.search(source.text) is not None
