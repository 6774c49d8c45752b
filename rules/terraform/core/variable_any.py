from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.terraform import Variable
from gatekeeper.rule import Answer, Place, rule


@rule(
    "tf-variable-any",
    gate="iac-validation",
    severity="low",
    seed="2.3 Terraform Module Template",
    where=lambda variable: variable.expr("type") is not None and not variable.path.endswith("context.tf"),
)
def variable_any(variable: Variable) -> Iterator[Answer]:
    """No variable takes a value of any type.

    `any` is no type: Terraform takes whatever is passed, callers learn nothing, and a misspelt attribute of an object
    is silently ignored. An `object` with `optional` attributes says what is read. Collections of `any` are not judged,
    nor is the `context.tf` that comes with a naming module and is copied as it is.

    Bad:
    ```hcl
    variable "services" {
      # expect: var.services takes anything
      type = any
    }
    ```

    Good:
    ```hcl
    variable "services" {
      type = map(object({ image = string, count = optional(number, 2) }))
    }
    variable "labels" {
      type = map(any)
    }
    ```
    """
    type_ = variable.expr("type")
    if type_ is not None and type_.text.strip('"') == "any":
        fix = Fix("write the type that is read: object({ ... })")
        yield Finding(Place(type_.home.source, type_.span), f"{variable.name} takes anything", fix=fix)
