from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.credentials import is_about, is_credential, is_placeholder, looks_random, named_like_a_credential
from gatekeeper.models.secrets import secrets_in
from gatekeeper.models.terraform import Block, Resource
from gatekeeper.node import regex
from gatekeeper.rule import Answer, Place, Spot, place, rule

_VALUES = ("value", "value_wo")


@rule(
    "tf-azure-key-vault-secret-literal",
    gate="secrets",
    severity="critical",
    seed="6.2 Secrets Management",
    where=lambda resource: resource.type == "azurerm_key_vault_secret",
)
def key_vault_secret_literal(secret: Resource) -> Iterator[Answer]:
    """Values of secrets in key vaults are not written in the code.

    A vault protects what only it knows. A value that is written in the repository, as a text, a local or the default of
    a variable, is known to everybody who can read it, and to every clone. What is read from a resource or given from
    outside is good, and so are placeholders. Names of users, addresses and the like are no secrets, also in a vault; a
    value whose name does not say what it is, is a finding of medium severity. The value is never printed.

    Bad:
    ```hcl
    resource "azurerm_key_vault_secret" "db" {
      name  = "db-password"
      # expect: is written here
      value = "hunter2"
    }
    ```

    Bad, through a local:
    ```hcl
    locals {
      secrets = {
        api-key = "4f6d2f19b0"
      }
    }
    resource "azurerm_key_vault_secret" "app" {
      for_each = local.secrets
      name     = each.key
      # expect: is written here
      value    = each.value
    }
    ```

    Good:
    ```hcl
    variable "api_key" {
      sensitive = true
    }
    resource "azurerm_key_vault_secret" "db" {
      name  = "db-password"
      value = random_password.db.result
    }
    resource "azurerm_key_vault_secret" "api" {
      name  = "api-key"
      value = var.api_key
    }
    resource "azurerm_key_vault_secret" "user" {
      name  = "db-username"
      value = "orders"
    }
    resource "azurerm_key_vault_secret" "admin" {
      name  = "${var.prefix}-administrator-username"
      value = "adminuser"
    }
    variable "prefix" {}
    resource "azurerm_key_vault_secret" "later" {
      name  = "token"
      value = "<set by hand>"
      lifecycle {
        ignore_changes = [value]
      }
    }
    ```
    """
    seen: set[tuple[str, int]] = set()
    for each in secret.alternatives() or [secret]:
        known = _name(each)
        for at, text in _written(each):
            key = (place(at).source.path, place(at).span.line)
            beside = bool(_BESIDE.match(known)) or (is_about(known) and not named_like_a_credential(known))
            if key in seen or beside or is_placeholder(text) or any(secrets_in(text)):
                continue  # what has the form of a key is a finding of another rule
            seen.add(key)
            sure = is_credential(known, text, meant=True) or looks_random(text)
            words = "the value of the secret is written here in clear text"
            yield Finding(at, words, fix=_FIX) if sure else Finding(at, words, severity="medium", fix=_FIX)


_FIX = Fix("replace the secret, and set it from outside: value_wo with an ephemeral value, or a random_password")


_BESIDE = regex(r".{0,200}(?:user|login|admin|name|host|fqdn|url|uri|endpoint|-id|_id)\Z", re.IGNORECASE)


def _name(secret: Block) -> str:
    """What the secret is called: in Azure, else the end of what that is made of, else here."""
    name = secret.node["name"]
    if name.known and name.present:
        return name.text
    pieces = [text.value for text in secret.texts() if text.name == "name"]
    return pieces[-1] if pieces else secret.label


_OWN = ("var.", "each.", "count.")  # what another resource is called is no secret


def _written(secret: Block) -> Iterator[tuple[Spot, str]]:
    """The texts that a value may come to, as they are written here."""
    for name in _VALUES:
        node = secret.node[name]
        if not node.known:
            yield from ((Place(t.source, t.span), t.value) for t in secret.texts() if t.name == name and t.whole)
        elif isinstance(node.value, str) and all(each.startswith(_OWN) for each in secret.addresses(name)):
            yield node, node.value
