from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Unknown
from gatekeeper.models.terraform import Block, Directory, Provider, TerraformSettings, Typed
from gatekeeper.rule import Answer, Reason, rule

_BUILT_IN = "terraform"  # terraform_data and terraform_remote_state: part of the program


def _used(directory: Directory) -> dict[str, Block]:
    """Each provider that something in the directory needs, with the first that needs it."""
    found: dict[str, Block] = {}
    for block in directory.module.blocks:
        if isinstance(block, Provider):
            found.setdefault(block.label, block)
        elif isinstance(block, Typed) and not block.implied:
            found.setdefault(block.provider, block)
    found.pop(_BUILT_IN, None)
    return found


def _entries(directory: Directory) -> dict[str, Node]:
    return {
        name: entry
        for settings in directory.module.of(TerraformSettings)
        for block in settings.blocks("required_providers")
        for name, entry in block.items()
    }


@rule(
    "tf-provider-pinned",
    gate="iac-validation",
    severity="medium",
    seed="2.1 IaC Best Practices",
    aliases=["tflint:terraform_required_providers"],
    where=lambda directory: bool(_used(directory) or _entries(directory)) and not directory.module.fragment,
)
def provider_pinned(directory: Directory) -> Iterator[Answer]:
    """Every provider in use is declared with its source and a version.

    Without an entry in `required_providers` Terraform takes the newest release of the provider of that name, and a new
    major version changes or removes resources. The lock file pins what one root runs; the constraint says what a
    module is written for. The provider built into Terraform needs no entry.

    Bad, no entry:
    ```hcl
    # expect: aws is not declared
    resource "aws_sqs_queue" "orders" {}

    data "aws_region" "here" {}
    ```

    Bad, no version, no source:
    ```hcl
    terraform {
      required_providers {
        # expect: aws has no version
        aws = { source = "hashicorp/aws" }
        # expect: random has no source
        random = { version = "~> 3.6" }
        # expect: null has no source
        null = "~> 3.2"
      }
    }
    ```

    Bad, a version in the provider's own block, which Terraform no longer reads:
    ```hcl
    # expect: google is not declared
    provider "google" {
      version = "~> 6.0"
    }
    ```

    Good:
    ```hcl main.tf
    resource "aws_sqs_queue" "orders" {}
    resource "terraform_data" "build" {}
    resource "google_pubsub_topic" "orders" {
      provider = google-beta.east
    }
    ```
    ```hcl versions.tf
    terraform {
      required_providers {
        aws = {
          source                = "hashicorp/aws"
          version               = "~> 5.80"
          configuration_aliases = [aws.east]
        }
        google-beta = {
          source  = "hashicorp/google-beta"
          version = ">= 6.0, < 7.0"
        }
      }
    }
    ```
    """
    entries = _entries(directory)
    for name, entry in entries.items():
        legacy = entry.known and isinstance(entry.value, str)
        missing = "source" if legacy or not entry["source"].present else ""
        if not legacy and not entry["version"].present:
            missing = "version"
        if missing:
            yield Finding(entry, f"{name} has no {missing}", fix=Fix(f"write {name} = {{ source, version }}"))
    undeclared = {name: block for name, block in _used(directory).items() if name not in entries}
    if undeclared and directory.module.broken:
        yield Unknown(directory, f"a file of {directory.name} cannot be read in full", Reason.UNREADABLE)
        return
    for name, block in undeclared.items():
        yield Finding(block, f"{name} is not declared in required_providers", fix=Fix("add it with source and version"))
