from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.terraform import ModuleCall
from gatekeeper.models.terraform.sources import in_registry
from gatekeeper.rule import Answer, rule


@rule(
    "tf-module-version",
    gate="iac-validation",
    severity="high",
    seed="2.1 IaC Best Practices",
    aliases=["tflint:terraform_module_version"],
    where=lambda call: in_registry(call.source),
)
def module_version(call: ModuleCall) -> Iterator[Answer]:
    """Modules from a registry have a version.

    Without `version` every `terraform init` takes the newest release, the next major version among them: resources are
    renamed, and what is renamed is destroyed and made anew. The provider lock file does not hold modules.

    Bad:
    ```hcl
    # expect: module.vpc has no version
    module "vpc" {
      source = "terraform-aws-modules/vpc/aws"
    }
    # expect: module.queue has no version
    module "queue" {
      source = "app.terraform.io/acme/queue/aws//modules/fifo"
    }
    ```

    Good:
    ```hcl
    module "vpc" {
      source  = "terraform-aws-modules/vpc/aws"
      version = "~> 5.1"
    }
    module "queue" {
      source = "./modules/queue"
    }
    module "store" {
      source  = "registry.terraform.io/cloudposse/s3-bucket/aws"
      version = "4.2.0"
    }
    ```
    """
    if not call.node["version"].present:
        yield Finding(
            call, f"{call.name} has no version: the newest is taken", fix=Fix("add version = with the release")
        )
