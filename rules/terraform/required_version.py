from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.terraform import Directory, TerraformSettings
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "tf-required-version",
    gate="iac-validation",
    severity="medium",
    seed="2.1 IaC Best Practices",
    aliases=["tflint:terraform_required_version"],
    where=lambda directory: bool(directory.module.blocks or directory.module.broken) and not directory.module.fragment,
)
def required_version(directory: Directory) -> Iterator[Answer]:
    """Every module says which versions of Terraform it is written for.

    A newer version rewrites the state in a form that older ones cannot read, and an older one fails in the middle of a
    plan with an error about syntax. `required_version` makes both stop before they begin.

    Bad:
    ```hcl
    # expect: no required_version
    resource "aws_sqs_queue" "orders" {}
    ```

    Bad, one directory of two:
    ```hcl modules/queue/main.tf
    # expect: no required_version
    terraform {
    }
    ```
    ```hcl main.tf
    terraform {
      required_version = "~> 1.9"
    }
    ```

    Good, in any file of the directory:
    ```hcl main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    ```hcl versions.tf
    terraform {
      required_version = ">= 1.6, < 2.0"
    }
    ```
    """
    module = directory.module
    if any(settings.node["required_version"].present for settings in module.of(TerraformSettings)):
        return
    if module.broken:
        yield Unknown(directory, f"a file of {directory.name} cannot be read in full", Reason.UNREADABLE)
        return
    fix = Fix('add terraform { required_version = "~> 1.9" } with the version in use')
    yield Finding(directory, f"{directory.name} has no required_version", fix=fix)
