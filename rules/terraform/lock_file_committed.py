from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links.state import operated
from gatekeeper.models.terraform import Directory, Provider, Resource, TerraformSettings
from gatekeeper.rule import Answer, rule


def _runs_providers(directory: Directory) -> bool:
    if not operated(directory) or directory.example or directory.wrapper:
        return False
    module = directory.module
    declared = any(settings.blocks("required_providers") for settings in module.of(TerraformSettings))
    return declared or bool(module.of(Provider)) or any(each.provider != "terraform" for each in module.of(Resource))


@rule(
    "tf-lock-file-committed",
    gate="iac-validation",
    severity="medium",
    seed="2.1 IaC Best Practices",
    where=_runs_providers,
)
def lock_file(directory: Directory, project: Project) -> Iterator[Answer]:
    """Every root has its provider lock file in the repository.

    `.terraform.lock.hcl` holds the exact version and the checksums of every provider: without it two runs of one commit
    may use different providers, and nobody notices a replaced package. Library modules have none, nor is one asked of
    directories below `examples` and of what Terragrunt, Atmos or CDK for Terraform run.

    Bad:
    ```hcl
    # expect: .terraform.lock.hcl
    provider "aws" {}
    ```

    Good:
    ```hcl live/main.tf
    provider "aws" {}
    module "queue" {
      source = "../queue"
    }
    ```
    ```hcl live/.terraform.lock.hcl
    provider "registry.terraform.io/hashicorp/aws" {
      version = "5.80.0"
    }
    ```
    ```hcl queue/main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    """
    path = f"{directory.directory}/.terraform.lock.hcl".lstrip("/")
    if path not in project.tree:
        fix = Fix("commit the .terraform.lock.hcl that terraform init writes, and take it out of .gitignore")
        yield Finding(directory, f"{path} is not in the repository", fix=fix)
