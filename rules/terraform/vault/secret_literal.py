from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node
from gatekeeper.models.credentials import is_placeholder
from gatekeeper.models.terraform import Resource
from gatekeeper.models.terraform.policy_documents import decoded
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_KEPT = {
    "vault_generic_secret": "data_json",
    "vault_kv_secret": "data_json",
    "vault_kv_secret_v2": "data_json",
    "aws_secretsmanager_secret_version": "secret_string",
    "aws_ssm_parameter": "value",
    "google_secret_manager_secret_version": "secret_data",
    "azurerm_key_vault_secret": "value",
}
_PLAIN = regex(
    r"(?:.*[_-])?(?:user(?:name)?|login|host(?:name)?|port|db(?:name)?|database|engine|url|uri|endpoint|region|name|id"
    r"|bucket|path|email|address|scheme|type|enabled|version|account|org|issuer|audience|expiry|ttl|schema|service)\Z",
    2,
)
_JUDGED_ELSEWHERE = regex(r"passw|passphrase|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key", 2)
_FIX = Fix("give it by a sensitive variable or a write-only attribute, and replace the secret")


def _keeps(resource: Resource) -> bool:
    path = _KEPT.get(resource.type)
    if path is None or not resource.node[path].present:
        return False
    if resource.type == "aws_ssm_parameter":
        return resource.node["type"] == "SecureString"
    return True


@rule("tf-stored-secret-literal", gate="secrets", severity="critical", seed="6.2 Secrets Management", where=_keeps)
def stored(secret: Resource) -> Iterator[Answer]:
    """What is put into a store of secrets is not written into the code.

    A store protects what it keeps, not what the repository says. Judged are the values of secrets of Vault, AWS, Google
    and Azure, whatever they are called; those that are named as a password, key or token are found by
    `tf-hardcoded-secret`. User names, hosts and the like are none, nor are placeholders, and a first value that
    Terraform is told to forget (`ignore_changes`) is one. Values are never printed.

    Bad, a value:
    ```hcl
    resource "aws_ssm_parameter" "db" {
      name  = "/orders/db"
      type  = "SecureString"
      # expect: is written here
      value = "fj3-Kd82-ls9Q"
    }
    ```

    Bad, one of several:
    ```hcl
    resource "vault_kv_secret_v2" "orders" {
      mount     = "secret"
      name      = "orders"
      data_json = jsonencode({
        username = "orders"
        # expect: pin is written here
        pin      = "fj3-Kd82-ls9Q"
      })
    }
    ```

    Good:
    ```hcl
    variable "pin" {
      type      = string
      sensitive = true
    }
    resource "random_password" "db" {
      length = 32
    }
    resource "vault_kv_secret_v2" "orders" {
      data_json = jsonencode({
        username = "orders"
        pin      = var.pin
        db       = random_password.db.result
      })
    }
    resource "aws_ssm_parameter" "placeholder" {
      type  = "SecureString"
      value = "initial-0000"
      lifecycle {
        ignore_changes = [value]
      }
    }
    resource "aws_ssm_parameter" "url" {
      type  = "String"
      value = "https://example.com"
    }
    ```
    """
    path = _KEPT[secret.type]
    if _forgotten(secret, path):
        return
    node = secret.node[path]
    value = decoded(node)
    if value.known and value.is_mapping:
        for key, inner in value.items():
            if _is_secret(inner) and not _PLAIN.match(key[:100]) and not _JUDGED_ELSEWHERE.search(key[:100]):
                yield Finding(inner, f"{key} is written here", fix=_FIX)
    elif _is_secret(node) and path != "secret_string":
        yield Finding(node, f"{path} of {secret.name} is written here", fix=_FIX)


def _is_secret(node: Node) -> bool:
    if not node.known or not isinstance(node.value, str):
        return False
    text = node.value.strip()
    plain = text.lower()
    return len(text) >= 6 and " " not in text and "://" not in text and not _said_to_be_none(plain)


def _said_to_be_none(text: str) -> bool:
    words = ("change", "placeholder", "example", "dummy", "todo", "replace", "initial", "default", "manually", "empty")
    return is_placeholder(text) or any(word in text for word in words) or text.startswith(("arn:", "/", "<", "{", "["))


def _forgotten(secret: Resource, path: str) -> bool:
    for block in secret.syntax.body.blocks:
        ignored = block.body.attributes.get("ignore_changes") if block.type == "lifecycle" else None
        if ignored is not None and (ignored.expr.text == "all" or path in ignored.expr.text):
            return True
    return False
