from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.terraform import Resource
from gatekeeper.node import regex
from gatekeeper.parsers import hcl
from gatekeeper.rule import Answer, rule

_SECRET = regex(
    r"(?:.*[/_.-])?(?:password|passwd|passphrase|secret|secret[_-]?key|api[_-]?key|access[_-]?key|private[_-]?key|token"
    r"|credentials)\Z",
    2,
)
_FIX = Fix('set type = "SecureString"')


def _named_secret(parameter: Resource) -> bool:
    return parameter.type == "aws_ssm_parameter" and bool(_SECRET.match(_end(parameter)[-200:]))


def _end(parameter: Resource) -> str:
    """How its name ends, as far as that is written."""
    node, expr = parameter.node["name"], parameter.expr("name")
    if node.known:
        return node.text
    last = expr.parts[-1] if isinstance(expr, hcl.Template) and expr.parts else ""
    return last if isinstance(last, str) else ""


@rule("tf-ssm-parameter-secure", gate="secrets", severity="high", seed="6.2 Secrets Management", where=_named_secret)
def secure(parameter: Resource) -> Iterator[Answer]:
    """Parameters that are named as a secret are SecureStrings.

    A String is shown in the console and in every list to whoever may list parameters. Judged are parameters whose name
    ends in a word for a secret; CKV2_AWS_34 asks for encryption of all, so it is no alias.

    Bad:
    ```hcl
    variable "environment" {
      type = string
    }
    resource "aws_ssm_parameter" "db" {
      name  = "/${var.environment}/db/password"
      # expect: plain string
      type  = "String"
      value = random_password.db.result
    }
    ```

    Good:
    ```hcl
    resource "aws_ssm_parameter" "db" {
      name  = "/orders/db/password"
      type  = "SecureString"
      value = random_password.db.result
    }
    resource "aws_ssm_parameter" "url" {
      name  = "/orders/url"
      type  = "String"
      value = "https://example.com"
    }
    ```

    Unknown:
    ```hcl
    variable "type" {
      type = string
    }
    resource "aws_ssm_parameter" "db" {
      name = "/orders/db/password"
      type = var.type
    }
    ```
    """
    node = parameter.node["type"]
    if node.text in ("String", "StringList"):
        yield Finding(node, f"{parameter.name} keeps a secret as a plain string", fix=_FIX)
