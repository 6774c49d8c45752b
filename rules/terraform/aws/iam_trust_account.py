from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unresolved
from gatekeeper.models.terraform import Typed
from gatekeeper.models.terraform.identity import all_true, is_made, is_trust, statements, unknown_of
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_ACCOUNT = regex(r"(?:\d{12}|arn:aws[a-z-]{0,12}:iam::\d{12}:root)\Z")
_FIX = Fix("name the role that takes it, or add a condition (sts:ExternalId, aws:PrincipalOrgID)")


@rule(
    "tf-iam-trust-account",
    gate="security-posture",
    severity="low",
    seed="6.1 Security Hardening, Principle of least privilege",
    where=is_trust,
)
def trust_account(role: Typed) -> Iterator[Answer]:
    """A role is not lent to a whole account without a condition.

    `arn:aws:iam::123456789012:root` means every user and role of that account that may take roles. For a company that
    works for many customers it is worse: without an external id one customer can have it take the role of another. In
    the own account it leaves the choice to the other policies there, so this one advises.

    Bad:
    ```hcl
    data "aws_iam_policy_document" "trust" {
      statement {
        actions = ["sts:AssumeRole"]
        principals {
          type        = "AWS"
          # expect: whole account
          identifiers = ["arn:aws:iam::123456789012:root"]
        }
      }
    }
    ```

    Good:
    ```hcl
    data "aws_iam_policy_document" "trust" {
      statement {
        actions = ["sts:AssumeRole"]
        principals {
          type        = "AWS"
          identifiers = ["arn:aws:iam::123456789012:root"]
        }
        condition {
          test     = "StringEquals"
          variable = "sts:ExternalId"
          values   = ["orders-4711"]
        }
      }
      statement {
        actions = ["sts:AssumeRole"]
        principals {
          type        = "AWS"
          identifiers = ["arn:aws:iam::123456789012:role/deploy"]
        }
      }
    }
    ```

    Unknown:
    ```hcl
    variable "trust" {
      type = string
    }
    resource "aws_iam_role" "orders" {
      assume_role_policy = var.trust
    }
    ```
    """
    found, doubt = statements(role, "assume_role_policy")
    sure = False
    for each in found:
        taken, action = each.taken(lambda pattern: pattern.lower().startswith("sts:assumerole"), ("sts:assumerole",))
        lends = all_true(each.allows, taken)
        accounts = [node for node in each.principals("AWS") if node.known and _ACCOUNT.match(node.text)]
        for node in accounts if lends and not each.conditioned else ():
            sure = True
            yield Finding(node, f"{role.name} lends the role to a whole account", fix=_FIX)
        if lends is None and accounts:
            doubt = unknown_of(each, action)
        who = [each.node["Principal"], *each.principals("AWS")]
        open_ = next((node for node in who if node.expression and not is_made(node)), None)
        if lends and open_ is not None and not each.conditioned:
            doubt = open_
    if not sure and doubt is not None and doubt.expression:
        raise Unresolved(doubt, doubt.expression)
