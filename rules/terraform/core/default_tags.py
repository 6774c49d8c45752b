from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.terraform import Module, ModuleCall, Provider, Resource
from gatekeeper.models.terraform.taggable import TAGGABLE
from gatekeeper.parsers import hcl
from gatekeeper.rule import Answer, rule

_DEEPEST = 6  # modules that call one another


@rule(
    "tf-default-tags",
    gate="cost",
    severity="low",
    seed="2.3 Terraform Module Template",
    where=lambda provider: provider.label == "aws" and not provider.module.shown and _untagged(provider) is not None,
)
def default_tags(provider: Provider) -> Iterator[Answer]:
    """AWS providers tag everything they make.

    Tags that every resource must set itself are forgotten on some; `default_tags` of the provider puts them on all.
    Whether the tags are the right ones is judged for each resource (tf-tags). Asked where some resource
    that costs money sets no tags itself, here or in a local module: not of a provider that only reads, nor where every
    resource is tagged by hand.

    Bad:
    ```hcl
    # expect: provider.aws sets no default tags
    provider "aws" {
      region = "eu-west-1"
    }
    resource "aws_sqs_queue" "orders" {}
    ```

    Good:
    ```hcl
    provider "aws" {
      default_tags {
        tags = { Environment = "prod", Service = "orders", ManagedBy = "terraform" }
      }
    }
    provider "aws" {
      alias  = "dns"
      region = "us-east-1"
    }
    resource "aws_sqs_queue" "orders" {}
    provider "aws" {
      alias = "west"
    }
    resource "aws_sqs_queue" "refunds" {
      provider = aws.west
      tags     = { Environment = "prod" }
    }
    data "aws_route53_zone" "main" {
      provider = aws.dns
      name     = "example.com"
    }
    ```

    Unknown, given by whoever runs it:
    ```hcl
    variable "tags" {
      type = map(string)
    }
    provider "aws" {
      default_tags {
        tags = var.tags
      }
    }
    resource "aws_sqs_queue" "orders" {}
    ```
    """
    blocks = provider.blocks("default_tags")
    if not blocks:
        fix = Fix("add default_tags { tags = { Environment, Service, ManagedBy } }")
        yield Finding(provider, f"{provider.name} sets no default tags", fix=fix)
        return
    tags = blocks[0]["tags"] if blocks[0].known else blocks[0]
    if tags.expression:
        yield Unknown(tags, f"{tags.expression.text} {tags.expression.reason}")
    elif not tags.present or not tags.value:
        yield Finding(blocks[0], f"the default tags of {provider.name} are empty", fix=Fix("name the tags"))


def _untagged(provider: Provider) -> Resource | None:
    """A resource that costs money, takes the provider and sets no tags itself: here, or in a local module called."""
    return next((each for each in _made_by(provider.module, provider.alias, 0) if not _tagged(each)), None)


def _tagged(resource: Resource) -> bool:
    return resource.type not in TAGGABLE or "tags" in resource.syntax.body.attributes


def _made_by(module: Module, alias: str, depth: int) -> Iterator[Resource]:
    yield from (each for each in module.of(Resource) if each.provider_alias == alias and not each.absent)
    for call in module.of(ModuleCall) if depth < _DEEPEST else ():
        if call.called is None or call.absent:
            continue
        handed = call.expr("providers")
        pairs = handed.pairs if isinstance(handed, hcl.Object) else []
        inner = [key.text.strip('"') for key, value in pairs if value.text == alias]
        for name in inner or ([alias] if not pairs and "." not in alias else []):
            yield from _made_by(call.called, name, depth + 1)
