from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Unknown
from gatekeeper.links.requirements_of_providers import needed
from gatekeeper.models.terraform import Directory, TerraformSettings
from gatekeeper.rule import Answer, Reason, rule


def _entries(directory: Directory) -> dict[str, Node]:
    """What it requires, except in files that several directories share by links: such a list is one for all."""
    shared = directory.module.configuration.links
    return {
        name: entry
        for settings in directory.module.of(TerraformSettings)
        if settings.path not in shared
        for block in settings.blocks("required_providers")
        for name, entry in block.items()
    }


@rule(
    "tf-provider-unused",
    gate="iac-validation",
    severity="low",
    seed="2.1 IaC Best Practices",
    aliases=["tflint:terraform_unused_required_providers"],
    where=lambda directory: bool(_entries(directory)) and not directory.module.fragment,
)
def provider_unused(directory: Directory) -> Iterator[Answer]:
    """Every provider that is required is used.

    Terraform downloads and starts every required provider, and whoever calls the module has to be able to. A provider
    is used by a resource or data source, a `provider` or `provider_meta` block, a module that is handed it
    (`providers`), a function of it (`provider::aws::arn_parse`), or by a local module that is called and needs it.
    Remote modules that are called may need it too: while there are any, a provider that nothing else uses is not known
    to be unused. Not judged are files that several directories share by links.

    Bad:
    ```hcl
    terraform {
      required_providers {
        aws = {
          source  = "hashicorp/aws"
          version = "~> 5.80"
        }
        # expect: nothing here uses random
        random = {
          source  = "hashicorp/random"
          version = "~> 3.6"
        }
      }
    }
    resource "aws_sqs_queue" "orders" {}
    ```

    Good:
    ```hcl main.tf
    terraform {
      required_providers {
        aws    = { source = "hashicorp/aws" }
        random = { source = "hashicorp/random" }
        null   = { source = "hashicorp/null" }
        time   = { source = "hashicorp/time" }
        google-beta = { source = "hashicorp/google-beta" }
        google      = { source = "hashicorp/google" }
      }
      provider_meta "google" {
        module_name = "orders/v1.2.0"
      }
    }
    data "aws_region" "here" {}
    provider "null" {}
    module "names" {
      source = "./names"
    }
    module "clock" {
      source = "./clock"
      providers = {
        time = time
      }
    }
    resource "google_pubsub_topic" "orders" {
      provider = google-beta
    }
    ```
    ```hcl names/main.tf
    resource "random_pet" "name" {}
    ```
    ```hcl clock/main.tf
    output "now" {
      value = 1
    }
    ```

    Unknown:
    ```hcl
    terraform {
      required_providers {
        aws = { source = "hashicorp/aws" }
      }
    }
    module "vpc" {
      source  = "acme/vpc/aws"
      version = "5.1.0"
    }
    ```
    """
    used, open_calls = needed(directory.module)
    for name, entry in _entries(directory).items():
        if name in used:
            continue
        if directory.module.broken:
            yield Unknown(entry, f"a file of {directory.name} cannot be read in full", Reason.UNREADABLE)
        elif open_calls:
            words = f"nothing here uses {name}; {open_calls[0].name}, a remote module, may"
            yield Unknown(entry, words, Reason.NO_EVIDENCE)
        else:
            yield Finding(entry, f"nothing here uses {name}", fix=Fix("remove it from required_providers"))
