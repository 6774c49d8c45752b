from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Unknown
from gatekeeper.models.credentials import is_credential, is_placeholder, named_like_a_credential, settings_in
from gatekeeper.models.secrets import secrets_in
from gatekeeper.models.terraform import Resource, Variable
from gatekeeper.rule import Answer, Place, rule


@rule(
    "tf-helm-secret-in-set",
    gate="secrets",
    severity="critical",
    seed="6.2 Secrets Management",
    where=lambda resource: resource.type == "helm_release",
)
def secret_in_set(release: Resource) -> Iterator[Answer]:
    """Releases of Helm take no secrets from the code.

    What `set`, `set_sensitive`, `set_wo` or `values` hold as plain text is known to everybody who reads the repository.
    Names and values are judged together: `auth.password` with a word is a secret, `existingSecret` with the name of one
    is not. A reference is no text; but where `set` hands on a variable that is not `sensitive`, its value stands in
    every plan, which is a finding of medium severity. Values are never printed.

    Bad:
    ```hcl
    resource "helm_release" "redis" {
      chart = "redis"
      set {
        name  = "auth.password"
        # expect: auth.password is written here
        value = "hunter2"
      }
    }
    ```

    Bad, as a list, which is how version 3 of the provider has it:
    ```hcl
    resource "helm_release" "redis" {
      chart = "redis"
      set_sensitive = [
        {
          name  = "auth.password"
          # expect: auth.password is written here
          value = "hunter2"
        },
      ]
    }
    ```

    Bad, in values:
    ```hcl
    resource "helm_release" "redis" {
      chart  = "redis"
      # expect: password is written here
      values = [<<-YAML
        replicas: ${var.replicas}
        auth:
          enabled: true
          password: hunter2
      YAML
      ]
    }
    variable "replicas" {}
    ```

    Bad, in every plan:
    ```hcl
    variable "password" {
      type = string
    }
    resource "helm_release" "redis" {
      chart = "redis"
      set {
        name  = "auth.password"
        # expect: shown in every plan
        value = var.password
      }
    }
    ```

    Good:
    ```hcl
    variable "password" {
      type      = string
      sensitive = true
    }
    resource "helm_release" "redis" {
      chart = "redis"
      set {
        name  = "auth.existingSecret"
        value = "redis-auth"
      }
      set {
        name  = "auth.password"
        value = var.password
      }
      set_sensitive {
        name  = "auth.sentinelPassword"
        value = random_password.sentinel.result
      }
      set {
        name  = "serviceAccount.automountServiceAccountToken"
        value = "true"
      }
      values = [file("${path.module}/values.yaml"), yamlencode({ auth = { enabled = true } })]
    }
    ```
    """
    for kind in ("set", "set_sensitive", "set_wo"):
        for block in release.blocks(kind):
            yield from _set(release, block, kind)
    yield from _values(release)


_FIX = Fix("replace the secret, and take it from a secret store: set_wo with an ephemeral value, or existingSecret")
_PLANS = Fix("use set_sensitive or set_wo, or declare the variable sensitive")


def _set(release: Resource, block: Node, kind: str) -> Iterator[Answer]:
    name, value = block["name"], block["value"]
    if name.expression and value.known and value.present and not is_placeholder(value.text):
        yield Unknown(value, "what this value is for is not known")
    if not (name.known and name.present and value.present):
        return
    path = name.text.replace("\\", "")
    key = path.rpartition(".")[2]
    if value.known:
        if is_credential(key, value.text):
            yield Finding(value, f"{path[:80]} is written here in clear text", fix=_FIX)
    elif kind == "set" and named_like_a_credential(key):
        shown = _shown_variable(release, value.expression.text if value.expression else "")
        if shown:
            yield Finding(value, f"{shown} is not sensitive: shown in every plan", severity="medium", fix=_PLANS)


def _shown_variable(release: Resource, text: str) -> str:
    """The variable that an expression is, when it is declared here and not as sensitive."""
    root, _, name = text.strip().partition(".")
    variable: Variable | None = release.module.variables.get(name) if root == "var" else None
    return variable.name if variable is not None and variable.node["sensitive"] != True else ""  # noqa: E712  # a node


def _values(release: Resource) -> Iterator[Answer]:
    """What pieces of YAML in `values` set; names of a `yamlencode` are those of attributes, and another rule's."""
    for text in release.texts():
        if text.name != "values" or ":" not in text.value or any(secrets_in(text.value)):
            continue
        for key, value in settings_in(text.value):
            if not is_placeholder(value) and is_credential(key, value):
                yield Finding(Place(text.source, text.span), f"{key} is written here in clear text", fix=_FIX)
