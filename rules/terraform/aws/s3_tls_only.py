from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Project, Unknown
from gatekeeper.links.related import companions, surely_with
from gatekeeper.models.terraform import Resource
from gatekeeper.models.terraform.policy_documents import decoded
from gatekeeper.rule import Answer, rule

_FIX = Fix("add a bucket policy that denies s3:* to everybody where aws:SecureTransport is false")


@rule(
    "tf-s3-tls-only",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening, Encryption at rest and in transit; 7. Security Checklist, TLS/SSL configured",
    aliases=["CKV_AWS_379"],
    where=lambda resource: resource.type == "aws_s3_bucket",
)
def tls_only(bucket: Resource, project: Project) -> Iterator[Answer]:
    """Buckets answer over TLS only.

    S3 answers over plain HTTP as well. A policy that denies requests where `aws:SecureTransport` is false, or that
    asks for TLS 1.2 (`s3:TlsVersion`), ends that. A policy that only allows requests over TLS leaves those that other
    policies allow. The policy may stand in the bucket or in a resource of its own, written as text, by `jsonencode` or
    as a data source.

    Bad:
    ```hcl
    # expect: plain HTTP
    resource "aws_s3_bucket" "invoices" {}
    ```

    Bad, a policy about something else:
    ```hcl
    # expect: plain HTTP
    resource "aws_s3_bucket" "invoices" {}
    resource "aws_s3_bucket_policy" "invoices" {
      bucket = aws_s3_bucket.invoices.id
      policy = jsonencode({
        Version = "2012-10-17"
        Statement = [{
          Effect    = "Deny"
          Principal = "*"
          Action    = "s3:DeleteObject"
          Resource  = "arn:aws:s3:::invoices/*"
        }]
      })
    }
    ```

    Good, a data source:
    ```hcl
    resource "aws_s3_bucket" "invoices" {}
    resource "aws_s3_bucket_policy" "invoices" {
      bucket = aws_s3_bucket.invoices.id
      policy = data.aws_iam_policy_document.invoices.json
    }
    data "aws_iam_policy_document" "invoices" {
      statement {
        effect    = "Deny"
        actions   = ["s3:*"]
        resources = [aws_s3_bucket.invoices.arn, "${aws_s3_bucket.invoices.arn}/*"]
        principals {
          type        = "*"
          identifiers = ["*"]
        }
        condition {
          test     = "Bool"
          variable = "aws:SecureTransport"
          values   = ["false"]
        }
      }
    }
    ```

    Good, as text:
    ```hcl
    resource "aws_s3_bucket" "invoices" {
      bucket = "invoices"
    }
    resource "aws_s3_bucket_policy" "invoices" {
      bucket = "invoices"
      policy = <<-EOT
        {
          "Statement": {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "s3:*",
            "Resource": ["arn:aws:s3:::invoices", "arn:aws:s3:::invoices/*"],
            "Condition": {"NumericLessThan": {"s3:TlsVersion": 1.2}}
          }
        }
      EOT
    }
    ```

    Good, one of several documents:
    ```hcl
    variable "more" {
      type    = list(string)
      default = []
    }
    resource "aws_s3_bucket" "invoices" {}
    resource "aws_s3_bucket_policy" "invoices" {
      bucket = aws_s3_bucket.invoices.id
      policy = data.aws_iam_policy_document.all.json
    }
    data "aws_iam_policy_document" "all" {
      source_policy_documents = flatten([data.aws_iam_policy_document.tls.json, var.more])
    }
    data "aws_iam_policy_document" "tls" {
      statement {
        effect    = "Deny"
        actions   = ["s3:*"]
        resources = ["${aws_s3_bucket.invoices.arn}/*"]
        principals {
          type        = "*"
          identifiers = ["*"]
        }
        condition {
          test     = "Bool"
          variable = "aws:SecureTransport"
          values   = ["false"]
        }
      }
    }
    ```

    Unknown:
    ```hcl
    variable "policy" {}
    resource "aws_s3_bucket" "invoices" {}
    resource "aws_s3_bucket_policy" "invoices" {
      bucket = aws_s3_bucket.invoices.id
      policy = var.policy
    }
    ```
    """
    found, doubts = companions(bucket, ["aws_s3_bucket_policy"], ["bucket"], project)
    policies = [bucket.node["policy"]] if bucket.node["policy"].present else []
    for companion in found:
        if surely_with(companion, bucket):
            policies.append(companion.node["policy"])
        else:
            doubts.append(companion.node["count" if companion.expr("count") is not None else "for_each"])
    for policy in policies:
        denies, unknown = _denies_http(decoded(policy))
        if denies:
            return
        doubts += unknown
    if doubts:
        yield Unknown(doubts[0], f"nobody can tell whether this makes {bucket.name} refuse plain HTTP")
    else:
        yield Finding(bucket, f"{bucket.name} answers plain HTTP", fix=_FIX)


def _denies_http(document: Node) -> tuple[bool, list[Node]]:
    """Whether a statement denies what comes without TLS, and else what may hold one that does."""
    statements = document["Statement"]
    if statements.expression:
        return False, [statements]
    doubts: list[Node] = []
    for statement in statements:
        if not statement.known or not statement["Effect"].known or statement["Condition"].expression:
            doubts.append(statement)
        elif statement["Effect"].text == "Deny" and _without_tls(statement["Condition"]):
            unknown = [statement[name] for name in ("Principal", "Action", "Condition") if _waits(statement[name])]
            if not unknown and _is_for_all(statement):
                return True, []
            doubts += unknown
    return False, doubts


def _waits(node: Node) -> bool:
    return any(each.expression for each in node.walk())


def _is_for_all(statement: Node) -> bool:
    """Whether it is about everybody and every action, and nothing else must be met beside."""
    actions = [item.text.lower() for item in statement["Action"] if item.known]
    named = [item for _, items in statement["Principal"].items() for item in items]
    tests = statement["Condition"]
    alone = sum(len(keys) for _, keys in tests.items() if keys.is_mapping) == 1
    return alone and any(item.text == "*" for item in named) and not {"*", "s3:*"}.isdisjoint(actions)


def _without_tls(condition: Node) -> bool:
    for test, keys in condition.items():
        for key, values in keys.items() if keys.known else ():
            name, kind = key.lower(), test.lower()
            if name == "aws:securetransport" and kind.startswith(("bool", "stringequals")):
                return not values.known or any(not item.known or item.text.lower() == "false" for item in values)
            if name == "s3:tlsversion" and kind.startswith("numericlessthan"):
                return True
    return False
