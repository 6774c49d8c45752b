from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unresolved
from gatekeeper.models.terraform import Typed
from gatekeeper.models.terraform.identity import EVERY_ACTION, all_true, is_identity, own_statements, unknown_of
from gatekeeper.rule import Answer, rule

_FIX = Fix("name the actions that are needed")


@rule(
    "tf-iam-admin-policy",
    gate="security-posture",
    severity="critical",
    seed="6.1 Security Hardening, Principle of least privilege",
    aliases=["CKV_AWS_62", "CKV_AWS_1"],
    where=is_identity,
)
def admin(policy: Typed) -> Iterator[Answer]:
    """No policy allows everything on everything.

    Whoever gets a role with such a policy owns the account: its data, its keys, and the record of what was done. Judged
    are policies of users, groups, roles and permission sets, and documents without principals. The managed policy for
    administrators is found by `tf-iam-admin-attached`.

    Bad, a document:
    ```hcl
    data "aws_iam_policy_document" "deploy" {
      statement {
        # expect: allows everything
        actions   = ["*"]
        resources = ["*"]
      }
    }
    resource "aws_iam_policy" "deploy" {
      policy = data.aws_iam_policy_document.deploy.json
    }
    ```

    Bad, written out:
    ```hcl
    resource "aws_iam_role_policy" "deploy" {
      role = aws_iam_role.deploy.id
      policy = jsonencode({
        Version = "2012-10-17"
        Statement = [{
          Effect   = "Allow"
          # expect: allows everything
          Action   = "*"
          Resource = "*"
        }]
      })
    }
    ```

    Good:
    ```hcl
    data "aws_iam_policy_document" "orders" {
      statement {
        actions   = ["s3:GetObject"]
        resources = ["${aws_s3_bucket.orders.arn}/*"]
      }
      statement {
        effect    = "Deny"
        actions   = ["*"]
        resources = ["*"]
      }
    }
    data "aws_iam_policy_document" "key" {
      statement {
        actions   = ["*"]
        resources = ["*"]
        principals {
          type        = "AWS"
          identifiers = ["arn:aws:iam::123456789012:root"]
        }
      }
    }
    ```

    Unknown:
    ```hcl
    variable "policy" {
      type = string
    }
    resource "aws_iam_policy" "orders" {
      policy = var.policy
    }
    ```
    """
    found, doubt = own_statements(policy)
    sure = False
    for each in found:
        taken, node = each.taken(lambda action: action in EVERY_ACTION, EVERY_ACTION)
        truth = all_true(each.allows, each.everywhere, taken)
        if truth:
            sure = True
            yield Finding(node, f"{policy.name} allows everything on everything", fix=_FIX)
        elif truth is None:
            doubt = unknown_of(each, node)
    if not sure and doubt is not None and doubt.expression:
        raise Unresolved(doubt, doubt.expression)
