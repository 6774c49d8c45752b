from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unresolved
from gatekeeper.models.terraform import Typed
from gatekeeper.models.terraform.identity import EVERY_ACTION, all_true, is_identity, may, plain, statements
from gatekeeper.rule import Answer, rule

# What is enough to get more rights than one was given, as of 2026-11-25; each line is one way. Compiled from what
# Rhino Security Labs and Bishop Fox published.
_WAYS = tuple(
    tuple(way.split())
    for way in """
    iam:CreatePolicyVersion
    iam:SetDefaultPolicyVersion
    iam:CreateAccessKey
    iam:CreateLoginProfile
    iam:UpdateLoginProfile
    iam:AttachUserPolicy
    iam:AttachGroupPolicy
    iam:AttachRolePolicy
    iam:PutUserPolicy
    iam:PutGroupPolicy
    iam:PutRolePolicy
    iam:AddUserToGroup
    iam:UpdateAssumeRolePolicy
    iam:PassRole ec2:RunInstances
    iam:PassRole lambda:CreateFunction lambda:InvokeFunction
    iam:PassRole lambda:CreateFunction lambda:CreateEventSourceMapping
    iam:PassRole glue:CreateDevEndpoint
    iam:PassRole cloudformation:CreateStack
    iam:PassRole datapipeline:CreatePipeline datapipeline:PutPipelineDefinition
    iam:PassRole codebuild:CreateProject codebuild:StartBuild
    iam:PassRole ecs:RegisterTaskDefinition ecs:RunTask
    iam:PassRole sagemaker:CreateNotebookInstance sagemaker:CreatePresignedNotebookInstanceUrl
    iam:PassRole states:CreateStateMachine states:StartExecution
    lambda:UpdateFunctionCode
    glue:UpdateDevEndpoint
    codestar:CreateProject iam:PassRole
    """.strip().splitlines()
)
_FIX = Fix("limit iam:PassRole and the changes of IAM to named roles, or give the role a permissions boundary")


@rule(
    "tf-iam-privilege-escalation",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening, Principle of least privilege",
    aliases=["CKV_AWS_110", "CKV_AWS_286"],
    where=is_identity,
)
def escalation(policy: Typed) -> Iterator[Answer]:
    """No policy lets its holder get more rights than it gives.

    Some actions are enough to become an administrator: to change a policy, to make a key for somebody else, to start a
    machine with any role. Judged is what one policy allows on every resource without a condition, patterns included
    (`iam:Put*`). Ways that need several policies, or a certain role, are not seen.

    Bad, alone:
    ```hcl
    data "aws_iam_policy_document" "deploy" {
      statement {
        # expect: iam:AttachRolePolicy
        actions   = ["iam:AttachRole*"]
        resources = ["*"]
      }
    }
    ```

    Bad, together:
    ```hcl
    resource "aws_iam_role_policy" "deploy" {
      policy = jsonencode({
        Statement = [
          {
            Effect   = "Allow"
            # expect: iam:PassRole and ec2:RunInstances
            Action   = "iam:PassRole"
            Resource = "*"
          },
          {
            Effect   = "Allow"
            Action   = ["ec2:*"]
            Resource = "*"
          },
        ]
      })
    }
    ```

    Good:
    ```hcl
    data "aws_iam_policy_document" "deploy" {
      statement {
        actions   = ["iam:PassRole"]
        resources = [aws_iam_role.orders.arn]
      }
      statement {
        actions   = ["ec2:RunInstances", "iam:Get*", "iam:List*"]
        resources = ["*"]
      }
      statement {
        actions   = ["iam:PassRole"]
        resources = ["*"]
        condition {
          test     = "StringEquals"
          variable = "iam:PassedToService"
          values   = ["ecs-tasks.amazonaws.com"]
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
    found, doubt = statements(policy)
    for way in _WAYS:
        answers = [may(found, action) for action in way]
        truth = all_true(*(answer for answer, _ in answers))
        first = next((node for answer, node in answers if node is not None and answer is truth), None)
        if truth is None:
            doubt = first
        elif truth and first is not None and not any(node and plain(node.text) in EVERY_ACTION for _, node in answers):
            yield Finding(first, f"{policy.name} is enough to get more rights: {' and '.join(way)}", fix=_FIX)
            return
    if doubt is not None and doubt.expression:
        raise Unresolved(doubt, doubt.expression)
