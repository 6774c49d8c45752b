from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.state import backend_writer, operated
from gatekeeper.models.terraform import Directory
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "tf-remote-state",
    gate="environments",
    severity="high",
    seed="2.1 IaC Best Practices",
    where=lambda directory: directory.root and not directory.example and not directory.wrapper,
)
def remote_state(directory: Directory, project: Project) -> Iterator[Answer]:
    """Every root keeps its state in a remote backend.

    State on somebody's disk is lost with the disk, is seen by nobody else, and two people overwrite each other's. A
    root is a directory that no local module call points to and that configures providers or a backend, calls remote
    modules, or has variable files. Not judged are library modules, directories below `examples`, and what a wrapper
    runs (Terragrunt, Atmos, CDK for Terraform): the wrapper writes the backend. A backend block that is empty counts:
    its settings come with `-backend-config`. Where a script or template of the repository writes a backend block,
    nobody can tell for which directories it does.

    Bad, no backend:
    ```hcl
    # expect: no backend
    provider "aws" {
      region = "eu-west-1"
    }
    ```

    Bad, on the local disk:
    ```hcl
    terraform {
      # expect: local disk
      backend "local" {
        path = "terraform.tfstate"
      }
    }
    ```

    Good, in another file of the directory:
    ```hcl main.tf
    provider "aws" {}
    ```
    ```hcl backend.tf
    terraform {
      backend "s3" {}
    }
    ```

    Good, HCP Terraform, and JSON:
    ```hcl production/main.tf
    terraform {
      cloud {
        organization = "example"
      }
    }
    ```
    ```json staging/backend.tf.json
    {"terraform": {"backend": {"gcs": {"bucket": "state"}}}}
    ```

    Good, a module and its example have no state of their own:
    ```hcl modules/network/main.tf
    provider "aws" {}
    ```
    ```hcl modules/network/examples/simple/main.tf
    provider "aws" {}
    ```
    ```hcl live/main.tf
    terraform {
      backend "azurerm" {}
    }
    module "network" {
      source = "../modules/network"
    }
    ```

    Unknown, a script writes it:
    ```hcl live/main.tf
    provider "aws" {}
    ```
    ```bash scripts/init.sh
    cat > backend.tf <<EOT
    terraform {
      backend "s3" {}
    }
    EOT
    terraform init
    ```

    Unknown, perhaps a library that others call:
    ```hcl
    variable "name" {
      type = string
    }
    module "bootstrap" {
      source = "git::https://github.com/acme/bootstrap?ref=v1.2.0"
      name   = var.name
    }
    ```

    Unknown, a file of the directory cannot be read:
    ```hcl main.tf
    provider "aws" {}
    ```
    ```hcl backend.tf
    terraform {
      backend "s3" {
    ```
    """
    backend = directory.module.backend
    if backend is None and directory.module.broken:
        yield Unknown(directory, f"a file of {directory.name} cannot be read in full", Reason.UNREADABLE)
    elif backend is None and (writer := backend_writer(directory, project)):
        words = f"{directory.name} has no backend here; {writer} may write one"
        yield Unknown(directory, words, Reason.NO_EVIDENCE)
    elif backend is None and not operated(directory):
        words = f"{directory.name} has no backend; it may be a library: it configures no provider and sets no values"
        yield Unknown(directory, words, Reason.NO_EVIDENCE)
    elif backend is None:
        words = f"{directory.name} has no backend: its state stays on the disk of whoever runs it"
        yield Finding(directory, words, fix=Fix('add terraform { backend "s3" {} } or another remote backend'))
    elif backend.tag == "local":
        yield Finding(backend, f"the state of {directory.name} stays on the local disk")
