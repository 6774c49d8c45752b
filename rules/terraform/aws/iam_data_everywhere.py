from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unresolved
from gatekeeper.models.terraform import Typed
from gatekeeper.models.terraform.identity import EVERY_ACTION, is_identity, may, own_statements, plain
from gatekeeper.rule import Answer, rule

_READS = (
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
    "s3:GetObject",
)
_FIX = Fix("name the secrets, parameters or buckets that are needed")


@rule(
    "tf-iam-data-everywhere",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening, Principle of least privilege",
    aliases=["CKV_AWS_108", "CKV_AWS_288"],
    where=is_identity,
)
def data_everywhere(policy: Typed) -> Iterator[Answer]:
    """No policy reads every secret or every object of the account.

    A service that is broken into gives away what its role can read: with `*` all secrets, parameters and files of every
    other service too. Policies that allow everything are found by `tf-iam-admin-policy`.

    Bad:
    ```hcl
    data "aws_iam_policy_document" "orders" {
      statement {
        # expect: secretsmanager:GetSecretValue
        actions   = ["secretsmanager:GetSecretValue"]
        resources = ["*"]
      }
    }
    ```

    Good:
    ```hcl
    data "aws_iam_policy_document" "orders" {
      statement {
        actions   = ["secretsmanager:GetSecretValue"]
        resources = [aws_secretsmanager_secret.orders.arn]
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
    for action in _READS:
        truth, node = may(found, action)
        if truth and node is not None and plain(node.text) not in EVERY_ACTION:
            yield Finding(node, f"{policy.name} allows {action} on everything", fix=_FIX)
            return
        doubt = node if truth is None else doubt
    if doubt is not None and doubt.expression:
        raise Unresolved(doubt, doubt.expression)
