from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix
from gatekeeper.models.credentials import is_clear, named_like_a_credential
from gatekeeper.models.terraform import Variable
from gatekeeper.models.terraform.edits import attribute_added
from gatekeeper.node import regex
from gatekeeper.parsers import hcl
from gatekeeper.rule import Answer, Place, rule

# What a description says of a value that only names the secret, or is shown to everybody.
_NAMED = regex(
    r"\b(?:arns?|names? of|ids? of|paths?|urls?|uris?|ssm|secrets? ?manager|parameter store|key vault|kms|cmek"
    r"|base path|reference|prefix|fingerprint|key pair|public|whether|true|enable)\b",
    re.IGNORECASE,
)
_SECRET = regex(
    r"(?:.*[_-])?(?:password|passwd|passphrase|secret|token|(?:api|app|secret|access|private)_?key|private_key_pem)\Z"
)
_KEYS = ("encryption_key", "kms_key", "ssh_key", "master_key", "signing_key")  # keys that are called by name or id


def _holds_secret(variable: Variable) -> bool:
    name = variable.label.lower()
    if not _SECRET.match(name) or not named_like_a_credential(name) or not is_clear(name) or name.endswith(_KEYS):
        return False
    type_, default = variable.expr("type"), variable.expr("default")
    if type_ is not None and type_.text.strip('"') != "string":
        return False
    number = isinstance(default, hcl.Literal) and isinstance(default.value, (bool, int, float))
    return not number and not _only_named(variable)


def _only_named(variable: Variable) -> bool:
    said = variable.expr("description")
    default = variable.expr("default")
    text = said.text[:400].lower() if said else ""
    value = default.value if isinstance(default, hcl.Literal) and isinstance(default.value, str) else ""
    return bool(_NAMED.search(text)) or value.startswith(("/", "arn:", "projects/", "secret/")) or "/" in value


@rule(
    "tf-secret-variable-sensitive",
    gate="secrets",
    severity="medium",
    seed="6.2 Secrets Management",
    where=_holds_secret,
    fixable=True,
)
def secret_variable_sensitive(variable: Variable) -> Iterator[Answer]:
    """Variables that hold a secret are marked sensitive.

    Terraform prints the old and new value of everything that changes into the plan, and with it into the logs of the
    pipeline and comments on pull requests, unless the variable is `sensitive` (or `ephemeral`, which also keeps it out
    of the state). Judged are texts whose name says that they are a password, an API key, a client secret, a private key
    or the like; not names, paths and ARNs of secrets, which the name or the description says they are.

    Bad:
    ```hcl
    # expect: var.db_password is not sensitive
    variable "db_password" {
      type = string
    }
    # expect: var.datadog_api_key is not sensitive
    variable "datadog_api_key" {
      description = "Key for Datadog"
      sensitive   = false
    }
    ```

    Good:
    ```hcl
    variable "db_password" {
      type      = string
      sensitive = true
    }
    variable "github_access_token" {
      type      = string
      ephemeral = true
    }
    variable "db_password_secret_arn" {
      type = string
    }
    variable "password" {
      description = "Name of the secret that holds the password"
      type        = string
    }
    variable "password_length" {
      default = 20
    }
    variable "api_key" {
      type    = string
      default = "/orders/api-key"
    }
    ```
    """
    sensitive, ephemeral = variable.node["sensitive"], variable.node["ephemeral"]
    if any(mark.present and mark.text == "true" for mark in (sensitive, ephemeral)):
        return
    added = None if sensitive.present else attribute_added(variable.syntax, "sensitive = true")
    edits = (Edit(Place(added.source, added.span), added.text),) if added else ()
    fix = Fix("set sensitive = true", edits, safe=False)
    yield Finding(variable, f"{variable.name} is not sensitive: plans and logs show it", fix=fix)
