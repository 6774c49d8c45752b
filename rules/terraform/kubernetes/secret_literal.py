from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.credentials import is_about, is_credential, is_placeholder, looks_random, named_like_a_credential
from gatekeeper.models.secrets import secrets_in
from gatekeeper.models.terraform import Resource
from gatekeeper.node import Span
from gatekeeper.rule import Answer, Place, rule

_VALUES = ("data", "data_wo", "binary_data", "binary_data_wo")
_FIX = Fix("replace the secret, and take it from outside: a sensitive variable, random_password, or a secret store")


@rule(
    "tf-kubernetes-secret-literal",
    gate="secrets",
    severity="critical",
    seed="6.2 Secrets Management",
    where=lambda secret: secret.type in ("kubernetes_secret", "kubernetes_secret_v1"),
)
def secret_literal(secret: Resource) -> Iterator[Answer]:
    """Values of Secrets that Terraform makes are not written in the code.

    A value that is written in the repository is known to everybody who can read it, and to every clone, whatever the
    cluster protects. What comes from a resource or a variable is good, and so are placeholders. Names of users,
    addresses and the like are no secrets, also there; a value whose name does not say what it is, is a finding of
    medium severity. The default of a variable is judged by `tf-hardcoded-secret`. The value is never printed.

    Bad:
    ```hcl
    resource "kubernetes_secret_v1" "db" {
      metadata {
        name = "db"
      }
      data = {
        username = "orders"
        # expect: password is written here
        password = "hunter2"
      }
    }
    ```

    Good:
    ```hcl
    variable "api_key" {
      sensitive = true
    }
    resource "kubernetes_secret_v1" "db" {
      metadata {
        name   = "db"
        labels = { app = "orders" }
      }
      type = "Opaque"
      data = {
        username = "orders"
        host     = "db.example.com"
        password = random_password.db.result
        api_key  = var.api_key
        token    = "<set by hand>"
      }
    }
    ```
    """
    for name in _VALUES:
        attribute = secret.body.attributes.get(name)
        for text in secret.texts() if attribute else ():
            if not attribute or not text.whole or not _within(text.span, attribute.expr.span):
                continue
            beside = text.name.lower().endswith(_BESIDE) or (
                is_about(text.name) and not named_like_a_credential(text.name)
            )
            if beside or is_placeholder(text.value) or any(secrets_in(text.value)):
                continue  # what has the form of a key is a finding of another rule
            place, words = Place(text.source, text.span), f"{text.name} is written here in clear text"
            sure = is_credential(text.name, text.value, meant=True) or looks_random(text.value)
            yield Finding(place, words, fix=_FIX) if sure else Finding(place, words, severity="medium", fix=_FIX)


_BESIDE = (
    "user", "username", "login", "name", "host", "hostname", "url", "uri", "endpoint", "port", "-id", "_id", "region",
)  # fmt: skip


def _within(inner: Span, outer: Span) -> bool:
    start, end = (outer.line, outer.column), (outer.end_line, outer.end_column)
    return start <= (inner.line, inner.column) and (inner.end_line, inner.end_column) <= end
