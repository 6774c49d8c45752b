from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Unresolved
from gatekeeper.models.terraform import Typed
from gatekeeper.models.terraform.identity import all_true, is_identity, own_statements, plain, unknown_of
from gatekeeper.rule import Answer, rule

_FIX = Fix("name the actions, or the resources that they are needed for")
_READS_ONLY = frozenset(("ce", "health", "trustedadvisor", "tag", "pricing", "resource-explorer-2", "xray", "cur"))


@rule(
    "tf-iam-service-wildcard",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening, Principle of least privilege",
    where=is_identity,
)
def service(policy: Typed) -> Iterator[Answer]:
    """No policy allows everything that a service can do on all that it holds.

    `s3:*` on `*` deletes every bucket of the account, also those of other teams. With a condition, for named resources,
    and for services that hardly hold anything (`ce`, `tag`, `xray`) it is not judged, nor is what only sets limits:
    permissions boundaries and policies of the organization. Tools that ask for any write without a limit (CKV_AWS_111,
    CKV_AWS_290, CKV_AWS_355, CKV_AWS_356) judge more, so their ids are no aliases.

    Bad:
    ```hcl
    data "aws_iam_policy_document" "deploy" {
      statement {
        actions   = [
          "logs:CreateLogGroup",
          # expect: s3:*
          "s3:*",
        ]
        resources = ["*"]
      }
    }
    # what it takes in is found there, once
    data "aws_iam_policy_document" "release" {
      source_policy_documents = [data.aws_iam_policy_document.deploy.json]
    }
    ```

    Good:
    ```hcl
    data "aws_iam_policy_document" "deploy" {
      statement {
        actions   = ["s3:*"]
        resources = [aws_s3_bucket.orders.arn, "${aws_s3_bucket.orders.arn}/*"]
      }
      statement {
        actions   = ["ec2:Describe*"]
        resources = ["*"]
      }
      statement {
        actions   = ["ec2:*"]
        resources = ["*"]
        condition {
          test     = "StringEquals"
          variable = "aws:ResourceTag/team"
          values   = ["orders"]
        }
      }
    }
    ```

    Good, a policy of a key that is made of others, and a limit:
    ```hcl
    data "aws_iam_policy_document" "key" {
      source_policy_documents = [data.aws_iam_policy_document.base.json]
    }
    data "aws_iam_policy_document" "base" {
      statement {
        actions   = ["kms:*"]
        resources = ["*"]
        principals {
          type        = "AWS"
          identifiers = ["arn:aws:iam::111122223333:root"]
        }
      }
    }
    data "aws_iam_policy_document" "most" {
      statement {
        actions   = ["s3:*"]
        resources = ["*"]
      }
    }
    resource "aws_iam_policy" "most" {
      policy = data.aws_iam_policy_document.most.json
    }
    resource "aws_iam_role" "orders" {
      permissions_boundary = aws_iam_policy.most.arn
      inline_policy {
        policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:*", Resource = "arn:aws:s3:::orders/*" }] })
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
    wide: list[Node] = []
    for each in found:
        if each.conditioned:
            continue
        taken, node = each.taken(_is_wide, ("*",))
        truth = all_true(each.allows, each.everywhere, taken)
        if truth:
            wide += [action for action in each.actions if action.known and _is_wide(plain(action.text))]
        elif truth is None:
            doubt = unknown_of(each, node)
    if wide:
        more = f" and {len(wide) - 1} more" if len(wide) > 1 else ""
        yield Finding(wide[0], f"{policy.name} allows {wide[0].text}{more} on everything", fix=_FIX)
    elif doubt is not None and doubt.expression:
        raise Unresolved(doubt, doubt.expression)


def _is_wide(pattern: str) -> bool:
    """Whether a pattern is all actions of one service."""
    name, _, action = pattern.partition(":")
    return action == "*" and name not in ("*", "") and name.lower() not in _READS_ONLY
