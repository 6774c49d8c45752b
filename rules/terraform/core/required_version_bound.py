from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node
from gatekeeper.models.terraform import Directory, TerraformSettings
from gatekeeper.models.terraform.versions import allowed, bounded
from gatekeeper.rule import Answer, rule


def _constraints(directory: Directory) -> list[Node]:
    settings = directory.module.of(TerraformSettings)
    return [each.node["required_version"] for each in settings if each.node["required_version"].present]


@rule(
    "tf-required-version-bound",
    gate="iac-validation",
    severity="low",
    seed="2.1 IaC Best Practices",
    where=lambda directory: directory.root and not directory.example and bool(_constraints(directory)),
)
def required_version_bound(directory: Directory) -> Iterator[Answer]:
    """A root bounds the version of Terraform above.

    `>= 1.5` alone lets the next major version in, and the first person who has it moves the state to a form that nobody
    else's Terraform can read. `~> 1.9`, `>= 1.5, < 2.0` or one version says what the root was tried with. Library
    modules are not asked: they should not keep those who call them from newer versions.

    Bad:
    ```hcl
    provider "aws" {}
    terraform {
      # expect: ">= 1.5" has no upper bound
      required_version = ">= 1.5"
    }
    ```

    Good:
    ```hcl live/main.tf
    provider "aws" {}
    terraform {
      required_version = ">= 1.5, < 2.0"
    }
    ```
    ```hcl other/main.tf
    provider "aws" {}
    terraform {
      required_version = "~> 1.9"
    }
    ```
    """
    for constraint in _constraints(directory):
        try:
            open_above = not bounded(allowed(constraint.text))
        except ValueError:
            yield Finding(constraint, f'"{constraint.text[:40]}" is no version constraint')
            continue
        if open_above:
            fix = Fix("write ~> with the version in use, or add < 2.0")
            yield Finding(constraint, f'"{constraint.text}" has no upper bound', fix=fix)
