from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix
from gatekeeper.models.terraform import Resource
from gatekeeper.models.terraform.layout import literal, room
from gatekeeper.rule import Answer, Place, rule


@rule(
    "tf-efs-encrypted",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening, Encryption at rest and in transit",
    aliases=["CKV_AWS_42", "AWS-0037"],
    where=lambda resource: resource.type == "aws_efs_file_system",
    fixable=True,
)
def efs_encrypted(files: Resource) -> Iterator[Answer]:
    """EFS file systems are encrypted.

    Backups of a file system are as encrypted as it is, and it cannot be encrypted later: files have to be copied to a
    new one. Nothing written means not encrypted.

    Bad:
    ```hcl
    # expect: not encrypted
    resource "aws_efs_file_system" "uploads" {
      creation_token = "uploads"
    }
    resource "aws_efs_file_system" "exports" {
      # expect: not encrypted
      encrypted = false
    }
    ```

    Good:
    ```hcl
    resource "aws_efs_file_system" "uploads" {
      encrypted  = true
      kms_key_id = aws_kms_key.uploads.arn
    }
    ```

    Unknown:
    ```hcl
    variable "encrypted" {
      type = bool
    }
    resource "aws_efs_file_system" "uploads" {
      encrypted = var.encrypted
    }
    ```
    """
    encrypted = files.node["encrypted"]
    if encrypted.text == "true":
        return
    edits: tuple[Edit, ...] = ()
    if "encrypted" in files.node:
        if literal(encrypted, "false"):
            edits = (Edit(Place(encrypted.source, encrypted.span), "true"),)
    elif files.syntax.home.fixed is None and (place := room(files.syntax.home.source, files.syntax.span)):
        edits = (Edit(Place(files.syntax.home.source, place[0]), f"\n{place[1]}encrypted = true"),)
    fix = Fix("set encrypted = true: it replaces the file system, so copy the files first", edits, safe=False)
    yield Finding(encrypted if encrypted.present else files, f"{files.name} is not encrypted", fix=fix)
