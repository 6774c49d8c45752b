from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Unknown, Unresolved
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
def s3_encrypted(bucket: Resource) -> Iterator[Answer]:
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
    algorithms = list(_algorithms(bucket.node["server_side_encryption_configuration"]))
    undecided: Node | None = None
    for companion in bucket.module.of(Resource):
        if companion.type != _COMPANION or companion.absent:
            continue
        joined = _joined(bucket, companion)
        if joined is None:
            undecided = companion.node["bucket"]
        elif joined:
            algorithms += _algorithms(companion.node)
    if any(algorithm.known and algorithm.text in _KMS for algorithm in algorithms):
        return
    unknown = next((algorithm for algorithm in algorithms if algorithm.expression), None)
    if unknown is not None and unknown.expression:
        raise Unresolved(unknown, unknown.expression)
    if algorithms:
        yield Finding(
            bucket, f"{bucket.name} is encrypted with {algorithms[0].text or 'no'} and not with KMS", fix=_FIX
        )
    elif undecided is not None:
        yield Unknown(undecided, f"nobody can tell whether this is for {bucket.name}")
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


def _joined(bucket: Resource, companion: Resource) -> bool | None:
    """Whether a companion is for the bucket: it refers to it, or names it. None when nobody can tell."""
    targets = {name for name in companion.addresses("bucket") if not name.startswith(("each.", "count."))}
    buckets = {name for name in targets if name.startswith("aws_s3_bucket")}
    if buckets:
        return bucket.name in buckets
    name = companion.node["bucket"]
    if name.known and bucket.node["bucket"].known:
        return name.present and name == bucket.node["bucket"].value
    if targets and targets == bucket.addresses("bucket"):
        return True
    return None
