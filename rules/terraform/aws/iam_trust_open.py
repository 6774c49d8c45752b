from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Unresolved
from gatekeeper.models.terraform import Typed
from gatekeeper.models.terraform.identity import Statement, all_true, is_made, is_trust, statements, unknown_of
from gatekeeper.rule import Answer, rule

_FIX = Fix("name the accounts, roles or services that may take the role")
_TAKES = ("sts:assumerole", "sts:*", "*")


@rule(
    "tf-iam-trust-open",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening, Principle of least privilege",
    aliases=["CKV_AWS_60"],
    where=is_trust,
)
def trust_open(role: Typed) -> Iterator[Answer]:
    """Not everybody may take a role.

    With the principal `*` any account in the world may take the role and has its rights. A condition, on the
    organisation for instance, narrows it, and how far is not judged. Read are the policies of roles, and documents that
    let somebody take one.

    Bad, a document:
    ```hcl
    data "aws_iam_policy_document" "trust" {
      statement {
        actions = ["sts:AssumeRole"]
        principals {
          type        = "AWS"
          # expect: anybody may take
          identifiers = ["*"]
        }
      }
    }
    resource "aws_iam_role" "orders" {
      assume_role_policy = data.aws_iam_policy_document.trust.json
    }
    ```

    Bad, written out:
    ```hcl
    resource "aws_iam_role" "orders" {
      assume_role_policy = jsonencode({
        Statement = [{
          Effect    = "Allow"
          Action    = "sts:AssumeRole"
          # expect: anybody may take
          Principal = "*"
        }]
      })
    }
    ```

    Good:
    ```hcl
    data "aws_iam_policy_document" "trust" {
      statement {
        actions = ["sts:AssumeRole"]
        principals {
          type        = "Service"
          identifiers = ["ecs-tasks.amazonaws.com"]
        }
      }
      statement {
        actions = ["sts:AssumeRole"]
        principals {
          type        = "AWS"
          identifiers = ["*"]
        }
        condition {
          test     = "StringEquals"
          variable = "aws:PrincipalOrgID"
          values   = ["o-a1b2c3d4e5"]
        }
      }
    }
    data "aws_iam_policy_document" "bucket" {
      statement {
        actions   = ["s3:GetObject"]
        resources = ["*"]
        principals {
          type        = "*"
          identifiers = ["*"]
        }
      }
    }
    ```

    Unknown:
    ```hcl
    variable "who" {
      type = list(string)
    }
    data "aws_iam_policy_document" "trust" {
      statement {
        actions = ["sts:AssumeRole"]
        principals {
          type        = "AWS"
          identifiers = var.who
        }
      }
    }
    ```
    """
    found, doubt = statements(role, "assume_role_policy")
    sure = False
    for each in found:
        taken, action = each.taken(lambda pattern: pattern.lower().startswith(_TAKES), _TAKES)
        lends = all_true(each.allows, taken)
        if lends is False or each.conditioned:
            continue
        for node in _everybody(each):
            if node.expression and is_made(node):
                continue
            if lends is None or node.expression:
                doubt = node if node.expression else unknown_of(each, action)
            else:
                sure = True
                yield Finding(node, f"anybody may take the role by {role.name}", fix=_FIX)
    if not sure and doubt is not None and doubt.expression:
        raise Unresolved(doubt, doubt.expression)


def _everybody(statement: Statement) -> Iterator[Node]:
    """Where everybody is named, or may be; who is left out of everybody names the rest."""
    if statement.node["NotPrincipal"].present:
        yield statement.node["NotPrincipal"]
    for node in (*statement.principals("AWS"), *statement.principals("*")):
        if node.expression or node.text == "*":
            yield node
