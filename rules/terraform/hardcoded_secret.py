from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.credentials import is_placeholder
from gatekeeper.models.secrets import secrets_in
from gatekeeper.models.terraform import Data, Provider, Variable, Written
from gatekeeper.node import Source, regex
from gatekeeper.rule import Answer, Place, rule

_PASSWORD = regex(r"(?:.*[a-z0-9_-])?(?:password|passwd|passphrase|admin_pass)\Z", re.IGNORECASE)
_KEY = regex(
    r"(?:.*[a-z0-9_-])?(?:secret[_-]?(?:access[_-]?)?key|client[_-]?secret|api[_-]?key|app[_-]?key|access[_-]?key"
    r"|access[_-]?key[_-]?id|private[_-]?key(?:[_-]pem)?|(?:auth|access|api)[_-]?token|secret[_-]string)\Z",
    re.IGNORECASE,
)
_VAGUE = regex(r"(?:.*[a-z0-9_-])?(?:secret|token|credentials)\Z", re.IGNORECASE)  # also names of secrets
_RANDOM = regex(r"(?=\D{0,200}[0-9])\S{8,200}\Z|[^\s/.]{16,200}\Z")
_WORDS = regex(r"[a-z]{2,40}(?:[-_][a-z]{2,40}\d{0,3}){1,12}\Z")  # `orders-api-key`: what something is called
_LONG = regex(r"(?=\D{0,200}[0-9])(?=[^A-Za-z]{0,200}[A-Za-z])[A-Za-z0-9+/=_~.-]{20,200}\Z")
_PLACEHOLDER = regex(
    r"\s*\Z|<.*>\Z|\[.*\]\Z|.*\{\{|\*+\Z|[xX.]{3,}\Z|(?:null|none|nil|true|false|todo|tbd|unused|n/?a|redacted|placeholder|test)\Z"
    r"|.*(?:disabled|invalid|dummy|placeholder)|(?-i:\$[A-Z_][A-Z0-9_]*|\$[a-z][\w-]*:[\w.-]+)\Z|\$[({]|%\w+%\Z|(?-i:[a-z0-9_.-]+(?:/[a-z0-9_.-]+)+)\Z"
    r"|(?:your|my|replace|insert|fill|enter)[ _-]|arn:|projects/|[a-z]+://|/[\w./-]+\Z|\.{0,2}/|~/|file:|ssm:|vault:",
    re.IGNORECASE | re.DOTALL,
)


@rule(
    "tf-hardcoded-secret",
    gate="secrets",
    severity="critical",
    seed="6.2 Secrets Management",
    aliases=["CKV_AWS_45", "CKV_AWS_46", "AWS-0029"],
    where=lambda block: not isinstance(block, Provider),
)
def hardcoded_secret(block: Written) -> Iterator[Answer]:
    """No secret is written into the code.

    Whoever can read the repository, or any clone of it, has the secret, and replacing it means a commit. Judged are
    plain strings in attributes named as a secret (`password`, `api_key`, `client_secret`, ...), also as the default of
    such a variable and in files of variable values, and everything that has the form of a key (AWS access keys, tokens
    of GitHub, GitLab, Slack, Stripe and others, private keys), also inside scripts. References, placeholders, paths,
    addresses of secret stores, and names of secrets are none. The value is never printed. For keys and tokens a value
    counts that is long or holds digits, for a vague name (`token`, `secret`) one that looks random; a password may be
    any word. What a provider is configured with is a rule of its own (tf-provider-credentials).

    Bad:
    ```hcl
    variable "db_password" {
      type    = string
      # expect: the default of var.db_password
      default = "hunter2"
    }
    resource "aws_db_instance" "orders" {
      # expect: password is written here
      password = "hunter2"
    }
    ```

    Bad, deeper in:
    ```hcl
    resource "aws_lambda_function" "orders" {
      environment {
        variables = {
          # expect: API_KEY
          API_KEY = "4f6d2f19"
        }
      }
    }
    ```

    Bad, in what is made of it:
    ```hcl
    resource "aws_secretsmanager_secret_version" "db" {
      secret_string = jsonencode({
        username = "orders"
        # expect: password is written here
        password = "hunter2"
      })
    }
    resource "helm_release" "orders" {
      values = [yamlencode([for name in var.names : {
        # expect: dbPassword is written here
        dbPassword = "hunter2"
        label      = upper("password")
      }])]
    }
    ```

    Bad, in a file of values:
    ```hcl main.tf
    variable "token" {
      sensitive = true
    }
    ```
    ```hcl production.tfvars
    # expect: db_password
    db_password = "hunter2"
    ```

    Good:
    ```hcl
    variable "db_password" {
      type      = string
      sensitive = true
      default   = ""
    }
    resource "aws_db_instance" "orders" {
      password                    = var.db_password
      manage_master_user_password = true
    }
    resource "aws_secretsmanager_secret" "token" {
      name = "orders/token"
    }
    resource "aws_iam_account_password_policy" "strict" {
      minimum_password_length = 14
    }
    data "google_secret_manager_secret_version" "db" {
      secret = "db-password-2024-production"
    }
    resource "datadog_integration" "aws" {
      api_key         = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:datadog"
      password        = "<set by the pipeline>"
      private_key     = file("${path.module}/key.pem")
      auth_token      = "/run/secrets/token"
      token           = "production"
      password_length = "20"
    }
    locals {
      client_secret = var.enabled ? data.aws_ssm_parameter.secret.value : "DISABLED"
      dex           = { clientSecret = "$GITHUB_CLIENT_SECRET" }
      argo          = { clientSecret = "$sso-secret:client-id-1" }
      key_name      = { client_secret = "aad-app-launchpad-level0", api_key = "feeds-api-key" }
      example       = { api_key = "sk-a1b2c3-PLACEHOLDER" }
      units         = { access_token = "minutes", refresh_token = "days" }
      ssm_password  = "admin/db_password"
    }
    ```
    """
    named = block.written_in.once(_names_one) and _may_name_one(block.text)
    if not named and not block.written_in.once(_holds_a_key):
        return
    for text in block.texts():
        of_variable = isinstance(block, Variable) and text.name == "default"
        name = block.label if isinstance(block, Variable) and of_variable else text.name
        shown = f"the default of {block.name}" if of_variable else name
        key = next((each for each in secrets_in(text.value) if each.grade != "low"), None)
        if key:
            words = f"{shown} holds {key.kind}"
        elif text.whole and not isinstance(block, Data) and _is_secret(name, text.value):
            words = f"{shown} is written here in clear text"
        else:
            continue
        yield Finding(Place(text.source, text.span), words, fix=_FIX)


_PARTS = ("password", "passwd", "passphrase", "secret", "token", "credentials", "admin_pass")
_KEYS = tuple(f"{first}{between}key" for first in ("api", "app", "access", "private") for between in ("", "_", "-"))


def _may_name_one(text: str) -> bool:
    """Whether a name of a secret may stand in a text: looking for words is the cheapest question there is."""
    lower = text.lower()
    return any(word in lower for word in (*_PARTS, *_KEYS))


def _names_one(source: Source) -> bool:
    return _may_name_one(source.text)


def _holds_a_key(source: Source) -> bool:
    return any(each.grade != "low" for each in secrets_in(source.text))


_FIX = Fix("replace the secret, and take it from a secret store or a sensitive variable")


def _is_secret(name: str, text: str) -> bool:
    if _PLACEHOLDER.match(text) or is_placeholder(text):
        return False
    if _PASSWORD.match(name):
        return True
    if _WORDS.match(text):
        return False
    return bool(_KEY.match(name) and _RANDOM.match(text)) or bool(_VAGUE.match(name) and _LONG.match(text))
