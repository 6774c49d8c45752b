from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.terraform import Resource
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_GITHUB = "token.actions.githubusercontent.com"
_WHOSE = regex(
    r"(?:assertion|attribute)\s?\.\s?(?:[a-z_]{0,30}repository|[a-z_]{0,30}owner|sub\b|[a-z_]{0,30}workflow_ref|enterprise)"
    r"|google\s?\.\s?subject|assertion\s?\["
)
_FIX = Fix("set attribute_condition = \"assertion.repository_owner_id == '123456' && ...\"")


def _of_github(resource: Resource) -> bool:
    if resource.type != "google_iam_workload_identity_pool_provider":
        return False
    issuer = resource.node.at("oidc.issuer_uri")
    return issuer.present and _GITHUB in issuer.text  # raises where it is not known


@rule(
    "tf-gcp-github-oidc",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening, Principle of least privilege",
    aliases=["CKV_GCP_125"],
    where=_of_github,
)
def github_oidc(provider: Resource) -> Iterator[Answer]:
    """Tokens of GitHub Actions are taken from your own repositories only.

    Every repository on GitHub gets tokens of the same issuer. A condition that names no repository, owner, subject or
    workflow (only a branch, or an actor) is met by a workflow that anybody writes. Which repositories it names is not
    judged.

    Bad:
    ```hcl
    resource "google_iam_workload_identity_pool_provider" "github" {
      # expect: any repository
      attribute_condition = "assertion.ref == 'refs/heads/main'"
      oidc {
        issuer_uri = "https://token.actions.githubusercontent.com"
      }
    }
    ```

    Bad, no condition: # expect: any repository
    ```hcl
    resource "google_iam_workload_identity_pool_provider" "github" {
      attribute_mapping = {
        "google.subject" = "assertion.sub"
      }
      oidc {
        issuer_uri = "https://token.actions.githubusercontent.com"
      }
    }
    ```

    Good:
    ```hcl
    variable "organization" {
      type = string
    }
    resource "google_iam_workload_identity_pool_provider" "github" {
      attribute_condition = "assertion.repository_owner == '${var.organization}'"
      oidc {
        issuer_uri = "https://token.actions.githubusercontent.com"
      }
    }
    resource "google_iam_workload_identity_pool_provider" "one" {
      attribute_condition = <<-EOT
        attribute.repository == "example/orders" &&
        assertion.ref == "refs/heads/main"
      EOT
      oidc {
        issuer_uri = "https://token.actions.githubusercontent.com"
      }
    }
    resource "google_iam_workload_identity_pool_provider" "gitlab" {
      oidc {
        issuer_uri = "https://gitlab.com"
      }
    }
    ```

    Unknown:
    ```hcl
    variable "condition" {
      type = string
    }
    resource "google_iam_workload_identity_pool_provider" "github" {
      attribute_condition = var.condition
      oidc {
        issuer_uri = "https://token.actions.githubusercontent.com"
      }
    }
    ```
    """
    condition, expr = provider.node["attribute_condition"], provider.expr("attribute_condition")
    text = expr.text if condition.expression and expr is not None else ""
    if not condition.present or not _WHOSE.search(text or condition.text):
        if condition.expression:
            _ = condition.text  # raises: what it comes to is not known
        at = condition if condition.present else provider
        yield Finding(at, "workflows of any repository on GitHub get in", fix=_FIX)
