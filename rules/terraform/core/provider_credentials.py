from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node
from gatekeeper.models.credentials import is_placeholder
from gatekeeper.models.terraform import Provider
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_NAMES = frozenset(
    """
    access_key access_token admin_password api_key api_secret api_token app_key application_credential_secret auth
    auth_token bearer_token client_certificate_password client_key client_secret credentials oauth_token pass password
    personal_access_token private_key secret secret_access_key secret_key security_token service_account_key token
    webhook_token
    """.split()
)
_NONE = regex(
    r"(?:mock|fake|test|dummy|localstack|anonymous|unused|none|null|foo|bar)(?:[_-]|\d{0,4}\Z)|(?:x+|\*+)\Z"
    r"|[\w./-]{1,200}\.json\Z|~?/|(?-i:[A-Z_]{3,40}\Z)",
    re.IGNORECASE,
)


@rule(
    "tf-provider-credentials",
    gate="secrets",
    severity="critical",
    seed="6.2 Secrets Management",
    aliases=["CKV_AWS_41", "CKV_OPENSTACK_1", "CKV_LIN_1"],
)
def provider_credentials(provider: Provider) -> Iterator[Answer]:
    """Providers are given no credentials that are written out.

    What a provider is configured with may do everything that Terraform may do: whoever can read the repository has it.
    Providers take credentials from the environment, from the identity that the pipeline runs with, or from a sensitive
    variable. Judged is the value, also where it comes from a local or the default of a variable; it is never printed.
    Placeholders for a local stand-in (`mock`, `test`) and paths of files are none.

    Bad:
    ```hcl
    provider "aws" {
      region     = "eu-west-1"
      # expect: access_key of provider.aws is written out
      access_key = "9f8c1d7e5b3a4f60b2c4"
      # expect: secret_key of provider.aws is written out
      secret_key = local.key
    }
    locals {
      key = "wJalrXUtnFEMIK7MDENGbPxRfiCYzR8t2kLm9QwE"
    }
    ```

    Bad, the default of a variable:
    ```hcl
    variable "api_token" {
      default = "d3b07384d113edec49eaa6238ad5ff00"
    }
    provider "digitalocean" {
      # expect: token of provider.digitalocean is written out
      token = var.api_token
    }
    ```

    Good:
    ```hcl
    variable "api_token" {
      sensitive = true
    }
    provider "digitalocean" {
      token = var.api_token
    }
    provider "google" {
      credentials = file("account.json")
    }
    provider "aws" {
      access_key = "mock_access_key"
      secret_key = "test"
    }
    provider "kubernetes" {
      token = data.aws_eks_cluster_auth.main.token
    }
    ```
    """
    for name, node in _settings(provider.node):
        if node.known and isinstance(node.value, str) and not is_placeholder(node.text) and not _NONE.match(node.text):
            fix = Fix("take it out, replace it, and give the provider an identity or a sensitive variable")
            yield Finding(node, f"{name} of {provider.name} is written out", fix=fix)


def _settings(node: Node) -> Iterator[tuple[str, Node]]:
    """Its attributes that are credentials, and those of the blocks in it."""
    if not node.known:
        return
    for name, value in node.items():
        if name in _NAMES and not value.is_mapping:
            yield name, value
        elif value.is_mapping and name not in ("default_tags", "endpoints"):
            yield from _settings(value)
