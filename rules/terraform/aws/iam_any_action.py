from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unresolved
from gatekeeper.models.terraform import Typed
from gatekeeper.models.terraform.identity import EVERY_ACTION, all_true, is_identity, own_statements, unknown_of
from gatekeeper.rule import Answer, rule

_FIX = Fix("name the actions that are needed")


@rule(
    "tf-iam-any-action",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening, Principle of least privilege",
    aliases=["CKV_AWS_63", "CKV_AWS_49"],
    where=is_identity,
)
def any_action(policy: Typed) -> Iterator[Answer]:
    """No policy allows every action on something.

    `*` allows what nobody thought of: to delete, to share with other accounts, to change the policy itself, and what
    AWS adds next year. Everything but a few actions (`NotAction`) is the same. What is allowed on every resource is
    found by `tf-iam-admin-policy`.

    Bad:
    ```hcl
    data "aws_iam_policy_document" "orders" {
      statement {
        # expect: every action
        actions   = ["*"]
        resources = [aws_s3_bucket.orders.arn]
      }
    }
    ```

    Bad, all but a few:
    ```hcl
    resource "aws_iam_policy" "power" {
      policy = jsonencode({
        Statement = [{
          Effect    = "Allow"
          # expect: every action
          NotAction = ["iam:*", "organizations:*"]
          Resource  = "*"
        }]
      })
    }
    ```

    Good:
    ```hcl
    data "aws_iam_policy_document" "orders" {
      statement {
        actions   = ["s3:GetObject", "s3:PutObject"]
        resources = ["${aws_s3_bucket.orders.arn}/*"]
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
        all_but = each.node["NotAction"]
        taken, node = each.taken(lambda action: action in EVERY_ACTION, EVERY_ACTION)
        narrow = None if each.everywhere is None else not each.everywhere
        truth = all_true(each.allows, taken, narrow)
        if truth:
            sure = True
            yield Finding(node, f"{policy.name} allows every action on something", fix=_FIX)
        elif each.allows and all_but.present and not each.conditioned:
            sure = True
            yield Finding(all_but, f"{policy.name} allows every action but a few", fix=_FIX)
        elif truth is None or (each.allows is None and all_but.present and not each.conditioned):
            doubt = unknown_of(each, node)
    if not sure and doubt is not None and doubt.expression:
        raise Unresolved(doubt, doubt.expression)
