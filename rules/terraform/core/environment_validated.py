from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.terraform import Variable
from gatekeeper.parsers import hcl
from gatekeeper.rule import Answer, rule

_NAMES = frozenset(("environment", "env", "environment_name", "env_name"))


def _names_environment(variable: Variable) -> bool:
    """A text that says which environment is meant; not a label's part that may be left out."""
    type_ = variable.expr("type")
    default = variable.expr("default")
    optional = isinstance(default, hcl.Literal) and default.value is None
    text = type_ is None or type_.text.strip('"') == "string"
    return variable.label.lower() in _NAMES and text and not optional


@rule(
    "tf-environment-validated",
    gate="environments",
    severity="low",
    seed="2.3 Terraform Module Template",
    where=_names_environment,
)
def environment_validated(variable: Variable) -> Iterator[Answer]:
    """The variable that names the environment says which there are.

    Sizes, names and protection hang on it. With a slip of the pen (`prodution`) the conditions on it all come out the
    other way, and production is made with what is meant for development. A `validation` block refuses the value before
    anything is planned. Not judged is an optional part of a label (default null), as shared naming modules have it.

    Bad:
    ```hcl
    # expect: var.environment takes any text
    variable "environment" {
      description = "Name of the environment"
      type        = string
    }
    ```

    Good:
    ```hcl
    variable "environment" {
      type = string
      validation {
        condition     = contains(["dev", "staging", "prod"], var.environment)
        error_message = "Choose dev, staging or prod."
      }
    }
    ```

    Good, variables for a task, and a part of a label:
    ```hcl tasks/main.tf
    variable "environment" {
      type    = map(string)
      default = {}
    }
    variable "env" {
      type = string
      validation {
        condition     = can(regex("^(dev|prod)$", var.env))
        error_message = "Choose dev or prod."
      }
    }
    ```
    ```hcl label/main.tf
    variable "environment" {
      type    = string
      default = null
    }
    ```
    """
    if not variable.blocks("validation"):
        fix = Fix("add a validation block: contains([...], var." + variable.label + ")")
        yield Finding(variable, f"{variable.name} takes any text", fix=fix)
