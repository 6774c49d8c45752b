from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix
from gatekeeper.models.credentials import is_clear, named_like_a_credential
from gatekeeper.models.terraform import Output
from gatekeeper.models.terraform.edits import attribute_added
from gatekeeper.parsers import hcl
from gatekeeper.rule import Answer, Place, Severity, rule

# Attributes that hold a secret and whose names do not say so, by type.
_HELD = {
    "random_password": ("result", "bcrypt_hash"),
    "aws_iam_access_key": ("secret", "ses_smtp_password_v4"),
    "aws_secretsmanager_secret_version": ("secret_string", "secret_binary"),
    "google_secret_manager_secret_version": ("secret_data",),
    "google_service_account_key": ("private_key",),
    "azurerm_kubernetes_cluster": ("kube_config_raw", "kube_admin_config_raw"),
    "digitalocean_kubernetes_cluster": ("kube_config",),
    "azurerm_storage_account": ("primary_connection_string", "secondary_connection_string"),
    "tls_private_key": ("private_key_pem", "private_key_openssh"),
}
_HIDES = frozenset(("nonsensitive", "length", "can", "sha256", "sha512", "sha1", "md5", "bcrypt", "base64sha256"))
_COMPARES = frozenset(("==", "!=", "<", ">", "<=", ">=", "&&", "||"))


def _shown(expr: hcl.Expr) -> Iterator[hcl.Expr]:
    """The references that the value shows: not those that are only compared, counted or hashed."""
    stack = [expr]
    while stack:
        here = stack.pop()
        if isinstance(here, hcl.Call) and here.name in _HIDES:
            continue
        if isinstance(here, hcl.Binary) and here.operator in _COMPARES:
            continue
        if isinstance(here, (hcl.GetAttr, hcl.Index, hcl.Variable)):
            yield here
        elif isinstance(here, hcl.Conditional):
            stack += [here.yes, here.no]
        elif isinstance(here, hcl.Object):
            stack += [value for _, value in here.pairs]
        elif isinstance(here, hcl.Splat):
            stack.append(here.each)
            yield from _joined(here)
        elif isinstance(here, hcl.For):
            stack.append(here.result)
        else:
            stack += here.children()


def _joined(splat: hcl.Splat) -> Iterator[hcl.Expr]:
    """`random_password.db[*].result`: what is taken of each is taken of what stands before."""
    name = splat.each.name if isinstance(splat.each, hcl.GetAttr) else ""
    if name:
        yield hcl.GetAttr(splat.home, splat.start, splat.end, splat.of, name)


def _secret(output: Output) -> tuple[hcl.Expr, str] | None:
    """The first reference of its value that is a secret, and in what words."""
    value = output.expr("value")
    for expr in _shown(value) if value is not None else ():
        path = next((each.path for each in hcl.references(expr)), ())
        if path[:1] == ("var",):
            variable = output.module.variables.get(path[1]) if len(path) > 1 else None
            mark = variable.node["sensitive"] if variable else None
            if mark is not None and mark.known and mark.value is True:
                return expr, f"var.{path[1]} is sensitive"
        elif path and _is_secret(path):
            words = ".".join(step for step in path if not step.isdigit())
            return expr, f"{words[:80]} is a secret"
    return None


def _is_secret(path: tuple[str, ...]) -> bool:
    root, *rest = path
    if root == "data" and len(rest) > 2:
        root, *rest = rest
    names = [step for step in rest[1:] if not step.isdigit()]
    if root in ("local", "each", "count", "self", "path", "terraform", "module", "data") or not names:
        return False
    if any(name in _HELD.get(root, ()) for name in names):
        return True
    return named_like_a_credential(names[-1]) and is_clear(names[-1]) and not names[-1].endswith("s")


@rule(
    "tf-output-sensitive",
    gate="secrets",
    severity="high",
    seed="6.2 Secrets Management",
    where=lambda output: _secret(output) is not None,
    fixable=True,
)
def output_sensitive(output: Output) -> Iterator[Answer]:
    """Outputs that show a secret are marked sensitive.

    `terraform apply` and `terraform output` print every output that is not `sensitive`, into the pipeline's log too.
    Judged are outputs whose value is an attribute that holds a password, key or token, or a variable that is sensitive.
    What is only compared, counted or hashed is not shown. Where a provider or variable marks the value itself,
    Terraform refuses such an output in a root, and carries the mark on out of a module; so it weighs less there.

    Bad:
    ```hcl
    provider "aws" {}
    # expect: aws_iam_access_key.ci.secret is a secret
    output "ci_secret" {
      value = aws_iam_access_key.ci.secret
    }
    # expect: random_password.db.result is a secret
    output "connection" {
      description = "How to reach the database"
      value       = "postgres://orders:${random_password.db[0].result}@${aws_db_instance.db.address}/orders"
    }
    # expect: var.token is sensitive
    output "settings" {
      value = { url = "https://example.com", token = var.token }
    }
    variable "token" {
      sensitive = true
    }
    ```

    Good:
    ```hcl
    output "ci_secret" {
      value     = aws_iam_access_key.ci.secret
      sensitive = true
    }
    output "secret_arn" {
      value = aws_secretsmanager_secret.db.arn
    }
    output "has_password" {
      value = random_password.db.result != ""
    }
    output "fingerprint" {
      value = sha256(tls_private_key.ci.private_key_pem)
    }
    output "public_key" {
      value = tls_private_key.ci.public_key_openssh
    }
    output "password" {
      value     = random_password.db[*].result
      sensitive = true
    }
    ```
    """
    mark, ephemeral = output.node["sensitive"], output.node["ephemeral"]
    if any(each.present and each.text == "true" for each in (mark, ephemeral)):
        return
    found = _secret(output)
    assert found is not None
    _, words = found
    added = None if mark.present else attribute_added(output.syntax, "sensitive = true")
    edits = (Edit(Place(added.source, added.span), added.text),) if added else ()
    fix = Fix("set sensitive = true", edits, safe=False)
    severity: Severity | None = None if output.module.root else "medium"
    yield Finding(output, f"{words}, and {output.name} shows it", fix=fix, severity=severity)
