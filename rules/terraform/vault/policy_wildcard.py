from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unresolved
from gatekeeper.models.terraform import Typed
from gatekeeper.models.terraform.vault_policies import paths_of
from gatekeeper.rule import Answer, rule

_EVERYTHING = ("*", "/*", "+/*")
_CHANGES = frozenset(("create", "update", "patch", "delete"))
_FIX = Fix("name the paths that are needed; leave the rest to an emergency token")


@rule(
    "tf-vault-policy-wildcard",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening",
    where=lambda each: each.name.startswith(("vault_policy.", "data.vault_policy_document.")),
)
def wildcard(policy: Typed) -> Iterator[Answer]:
    """No policy of Vault may do everything.

    `path "*"` with sudo, or with the rights to change what is there, is as good as the root token: whoever gets it
    reads every secret and turns off the audit. Read are policies as text, as a file, and as `vault_policy_document`. A
    policy of which a part is filled in later is judged by the rest.

    Bad:
    ```hcl
    resource "vault_policy" "admin" {
      name   = "admin"
      # expect: everything
      policy = <<-EOT
        path "secret/data/orders/*" {
          capabilities = ["read"]
        }
        path "*" {
          capabilities = ["create", "read", "update", "delete", "list", "sudo"]
        }
      EOT
    }
    ```

    Bad, a document:
    ```hcl
    data "vault_policy_document" "admin" {
      rule {
        # expect: everything
        path         = "*"
        capabilities = ["read", "update", "sudo"]
      }
    }
    ```

    Good:
    ```hcl
    variable "mount" {
      type = string
    }
    resource "vault_policy" "orders" {
      name   = "orders"
      policy = <<-EOT
        path "${var.mount}/data/orders/*" {
          capabilities = ["create", "update", "read", "list"]
        }
      EOT
    }
    resource "vault_policy" "list" {
      policy = "path \\"*\\" { capabilities = [\\"list\\"] }"
    }
    data "vault_policy_document" "orders" {
      rule {
        path         = "secret/data/orders/*"
        capabilities = ["read"]
      }
    }
    resource "vault_policy" "document" {
      policy = data.vault_policy_document.orders.hcl
    }
    ```

    Unknown:
    ```hcl
    variable "policy" {
      type = string
    }
    resource "vault_policy" "orders" {
      policy = var.policy
    }
    ```
    """
    unknown = None
    found = False
    for path in paths_of(policy):
        if path.name.expression or path.capabilities.expression:
            unknown = path.name if path.name.expression else path.capabilities
        elif path.name.text in _EVERYTHING and _all(path.rights):
            found = True
            yield Finding(path.name, f'path "{path.name.text}" of {policy.name} may do everything', fix=_FIX)
    if not found and unknown is not None and unknown.expression:
        raise Unresolved(unknown, unknown.expression)


def _all(rights: frozenset[str]) -> bool:
    return "sudo" in rights or bool(rights & _CHANGES) or "root" in rights
