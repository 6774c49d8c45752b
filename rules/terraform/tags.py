from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Unknown, Unresolved
from gatekeeper.models.terraform import Module, Provider, Resource
from gatekeeper.models.terraform.taggable import TAGGABLE
from gatekeeper.rule import Answer, Reason, rule

# What a bill is split by, and the spellings in use.
_WANTED = {
    "Environment": ("environment", "env", "stage"),
    "Service": ("service", "application", "app", "project", "component", "system"),
    "ManagedBy": ("managedby", "provisionedby", "createdby", "deployedby", "provisioner", "terraform", "repository"),
}


@rule(
    "tf-tags",
    gate="cost",
    severity="medium",
    seed="2.3 Terraform Module Template",
    where=lambda resource: resource.type in TAGGABLE and not resource.absent,
)
def tags(resource: Resource) -> Iterator[Answer]:
    """AWS resources that cost money are tagged with environment, service and who manages them.

    A bill can be split only by tags, and a resource that nobody can assign is not cleaned up. What counts are the tags
    of the resource and the `default_tags` of its provider together. Letter case and separators do not matter, and the
    usual synonyms are understood (`env`, `stage`; `application`, `project`, `component`). A library module that nobody
    here calls has no provider of its own, so its tags are not known.

    Bad:
    ```hcl
    provider "aws" {
      region = "eu-west-1"
    }
    # expect: no tag Environment, Service, ManagedBy
    resource "aws_sqs_queue" "orders" {
      name = "orders"
    }
    ```

    Bad, a part:
    ```hcl
    provider "aws" {
      default_tags {
        tags = { ManagedBy = "terraform" }
      }
    }
    provider "aws" {
      alias = "bare"
    }
    resource "aws_sqs_queue" "orders" {
      # expect: no tag Environment
      tags = { application = "orders" }
    }
    resource "aws_sqs_queue" "far" {
      provider = aws.bare
      # expect: no tag ManagedBy
      tags     = { service = "orders", env = "prod" }
    }
    ```

    Good, by the provider, also for a module that is called:
    ```hcl main.tf
    locals {
      tags = { managed-by = "terraform" }
    }
    provider "aws" {
      default_tags {
        tags = merge(local.tags, { Environment = var.environment, Service = "orders" })
      }
    }
    resource "aws_sqs_queue" "orders" {}
    module "store" {
      source = "./modules/store"
    }
    ```
    ```hcl modules/store/main.tf
    resource "aws_s3_bucket" "orders" {}
    ```

    Good, by the resource:
    ```hcl
    provider "aws" {}
    resource "aws_ecs_service" "main" {
      tags = {
        Environment = var.environment
        Service     = var.service_name
        ManagedBy   = "terraform"
      }
    }
    ```

    Unknown, what the caller gives:
    ```hcl
    variable "tags" {
      type = map(string)
    }
    resource "aws_sqs_queue" "orders" {
      tags = merge(var.tags, { Service = "orders" })
    }
    ```

    Unknown, a library alone:
    ```hcl
    resource "aws_sqs_queue" "orders" {}
    ```
    """
    own = resource.node["tags"]
    found: set[str] = set()
    doubt: Node | None = None
    for node in (own, *_defaults(resource)):
        try:
            for pair in node.items():
                found.add(_plain(pair[0]))
        except Unresolved as unresolved:  # behind those that are known, where there are any
            doubt = Node(unresolved.expression, node.source, node.mark)
    missing = [name for name, spellings in _WANTED.items() if found.isdisjoint(spellings)]
    if not missing:
        return
    words = f"{resource.name} has no tag {', '.join(missing)}"
    if doubt is not None and doubt.expression:
        yield Unknown(doubt, f"{doubt.expression.text} {doubt.expression.reason}")
    elif not resource.module.root and not _providers(resource.module, resource.provider_alias, 0):
        yield Unknown(
            own, f"{words} of its own, and whoever calls this module configures the provider", Reason.NO_EVIDENCE
        )
    else:
        yield Finding(own if own.present else resource, words, fix=Fix("add them to the provider's default_tags"))


def _plain(key: str) -> str:
    return "".join(letter for letter in key.lower() if letter.isalnum())


def _defaults(resource: Resource) -> Iterator[Node]:
    """The default tags of every provider that may be the resource's."""
    for provider in _providers(resource.module, resource.provider_alias, 0):
        for block in provider.blocks("default_tags"):
            yield block["tags"]


def _providers(module: Module, alias: str, depth: int) -> list[Provider]:
    """The provider of that name in the module, else those of its callers."""
    found = [provider for provider in module.of(Provider) if provider.alias == alias]
    if found or depth > 8:
        return found
    return [each for call in module.callers for each in _providers(call.module, alias.partition(".")[0], depth + 1)]
