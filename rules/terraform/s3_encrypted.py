from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Project, Unknown, Unresolved
from gatekeeper.links.related import companions, surely_with
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_COMPANION = "aws_s3_bucket_server_side_encryption_configuration"
_KMS = ("aws:kms", "aws:kms:dsse")


@rule(
    "tf-s3-encrypted",
    gate="security-posture",
    severity="low",
    seed="6.1 Security Hardening",
    aliases=["CKV_AWS_145"],
    where=lambda resource: resource.type == "aws_s3_bucket" and not resource.absent,
)
def s3_encrypted(bucket: Resource, project: Project) -> Iterator[Answer]:
    """S3 buckets are encrypted with KMS.

    Since January 2023 S3 encrypts everything new with a key of its own (SSE-S3), so a bucket without a configuration is
    not open; it has no key whose use is logged, and that can be withdrawn. That is advice, and fails no gate. The
    configuration may stand in the bucket, as older providers have it, or in a resource of its own that names the bucket
    by reference or by the same name.

    Bad:
    ```hcl
    # expect: has no KMS encryption
    resource "aws_s3_bucket" "logs" {
      bucket = "logs"
    }
    ```

    Bad, with the key of S3:
    ```hcl
    # expect: AES256
    resource "aws_s3_bucket" "logs" {}

    resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
      bucket = aws_s3_bucket.logs.id
      rule {
        apply_server_side_encryption_by_default {
          sse_algorithm = "AES256"
        }
      }
    }
    ```

    Good, by reference through a local, by name, and in the bucket:
    ```hcl
    locals {
      bucket = aws_s3_bucket.logs[0].id
    }
    resource "aws_s3_bucket" "logs" {
      count = 1
    }
    resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
      bucket = local.bucket
      rule {
        apply_server_side_encryption_by_default {
          kms_master_key_id = aws_kms_key.logs.arn
          sse_algorithm     = "aws:kms"
        }
      }
    }
    resource "aws_s3_bucket" "named" {
      bucket = "named"
    }
    resource "aws_s3_bucket_server_side_encryption_configuration" "named" {
      bucket = "named"
      rule {
        apply_server_side_encryption_by_default {
          sse_algorithm = "aws:kms"
        }
      }
    }
    resource "aws_s3_bucket" "old" {
      server_side_encryption_configuration {
        rule {
          apply_server_side_encryption_by_default {
            sse_algorithm = "aws:kms"
          }
        }
      }
    }
    ```

    Good, both are named by one expression:
    ```hcl
    variable "bucket" {}
    resource "aws_s3_bucket" "logs" {
      bucket = var.bucket
    }
    resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
      bucket = var.bucket
      rule {
        apply_server_side_encryption_by_default {
          sse_algorithm = "aws:kms"
        }
      }
    }
    ```

    Unknown, nobody knows whether it is there:
    ```hcl
    variable "encrypted" {}
    resource "aws_s3_bucket" "logs" {}
    resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
      count  = var.encrypted ? 1 : 0
      bucket = aws_s3_bucket.logs.id
      rule {
        apply_server_side_encryption_by_default {
          sse_algorithm = "aws:kms"
        }
      }
    }
    ```

    Unknown, which bucket it is for nobody can tell:
    ```hcl
    resource "aws_s3_bucket" "logs" {
      bucket = "logs"
    }
    resource "aws_s3_bucket_server_side_encryption_configuration" "all" {
      for_each = var.buckets
      bucket   = each.value
      rule {
        apply_server_side_encryption_by_default {
          sse_algorithm = "aws:kms"
        }
      }
    }
    ```
    """
    found, doubts = companions(bucket, [_COMPANION], ["bucket"], project)
    algorithms = list(_algorithms(bucket.node["server_side_encryption_configuration"]))
    for companion in found:
        if surely_with(companion, bucket):
            algorithms += _algorithms(companion.node)
        else:
            doubts.append(companion.node["count" if companion.expr("count") is not None else "for_each"])
    if any(algorithm.known and algorithm.text in _KMS for algorithm in algorithms):
        return
    unknown = next((algorithm for algorithm in algorithms if algorithm.expression), None)
    if unknown is not None and unknown.expression:
        raise Unresolved(unknown, unknown.expression)
    if doubts:
        yield Unknown(doubts[0], f"nobody can tell whether this is for {bucket.name}")
    elif algorithms:
        yield Finding(
            bucket, f"{bucket.name} is encrypted with {algorithms[0].text or 'no'} and not with KMS", fix=_FIX
        )
    else:
        yield Finding(bucket, f"{bucket.name} has no KMS encryption", fix=_FIX)


_FIX = Fix(f'add an {_COMPANION} with sse_algorithm = "aws:kms"')


def _algorithms(configuration: Node) -> Iterator[Node]:
    for outer in _each(configuration):
        for rule_ in _each(outer["rule"]):
            for default in _each(rule_["apply_server_side_encryption_by_default"]):
                yield default["sse_algorithm"]


def _each(node: Node) -> list[Node]:
    if not node.present:
        return []
    return list(node) if node.is_list else [node]
