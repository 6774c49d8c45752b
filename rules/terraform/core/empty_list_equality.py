from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix
from gatekeeper.models.terraform import Block
from gatekeeper.models.terraform.expressions import expressions
from gatekeeper.node import Source, regex
from gatekeeper.parsers import hcl
from gatekeeper.rule import Answer, Place, rule


def _is_empty(expr: hcl.Expr) -> bool:
    return isinstance(expr, hcl.Tuple) and not expr.items


@rule(
    "tf-empty-list-equality",
    gate="iac-validation",
    severity="low",
    seed="2.1 IaC Best Practices",
    aliases=["tflint:terraform_empty_list_equality"],
    where=lambda block: not block.implied,
    fixable=True,
)
def empty_list_equality(block: Block) -> Iterator[Answer]:
    """Whether a list is empty is asked by its length.

    `[]` is a tuple without items, and never equal to a list or set of some type, an empty one too: the condition is
    always the same. What depends on it has perhaps never been made, or always.

    Bad:
    ```hcl
    resource "aws_sqs_queue" "orders" {
      # expect: is never equal to []
      count = var.names == [] ? 0 : 1
    }
    output "names" {
      # expect: is never equal to []
      value = [for name in var.names : name if [] != var.names]
    }
    ```

    Good:
    ```hcl
    resource "aws_sqs_queue" "orders" {
      count = length(var.names) == 0 ? 0 : 1
    }
    ```
    """
    if not block.written_in.once(_may_hold_one) or not _SIGN.search(block.text):
        return
    for expr in expressions(block.syntax.body):
        if isinstance(expr, hcl.Binary) and expr.operator in ("==", "!="):
            other = expr.left if _is_empty(expr.right) else expr.right if _is_empty(expr.left) else None
            if other is None or _is_empty(other):
                continue
            at = Place(expr.home.source, expr.span)
            edits = (Edit(at, f"length({other.text}) {expr.operator} 0"),)
            words = f"{' '.join(other.text.split())[:60]} is never equal to []"
            yield Finding(at, words, fix=Fix(f"write length(...) {expr.operator} 0", edits, safe=False))


_SIGN = regex(r"[=!]=\s*\[|\]\s*[=!]=")


def _may_hold_one(source: Source) -> bool:
    """Whether it is worth reading the expressions of a file."""
    return _SIGN.search(source.text) is not None
