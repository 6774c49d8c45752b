from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.backed_up import by_its_policy, cover
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, Reason, rule

_TYPES = ("aws_ebs_volume", "aws_efs_file_system")
_FIX = Fix("add it to the resources of an aws_backup_selection, or give it the tag that one chooses by")


@rule(
    "tf-backup-plan",
    gate="backup-dr",
    severity="medium",
    seed="8. Disaster Recovery; Phase 7 Backup and recovery tested",
    aliases=["CKV2_AWS_9", "CKV2_AWS_18"],
    where=lambda resource: resource.type in _TYPES,
)
def backup_plan(store: Resource, project: Project) -> Iterator[Answer]:
    """Something backs up every disk and file system.

    Databases of RDS and tables of DynamoDB have backups of their own, which other rules ask for; a disk or file system
    has none unless a plan chooses it. Judged is whether an `aws_backup_selection` names it, chooses it by a pattern or
    by a tag, whether a lifecycle policy (`aws_dlm_lifecycle_policy`) does, or the policy of the file system itself. A
    disk that is attached to a machine is backed up with that. Where a repository holds no plan, one elsewhere may
    choose its disks by their tags, and nobody can tell.

    Bad, a plan beside it is for others:
    ```hcl
    provider "aws" {}
    # expect: nothing backs up
    resource "aws_ebs_volume" "data" {
      tags = { Name = "data" }
    }
    resource "aws_backup_selection" "daily" {
      selection_tag {
        type  = "STRINGEQUALS"
        key   = "Backup"
        value = "daily"
      }
    }
    ```

    Bad, a file system without any:
    ```hcl
    # expect: nothing backs up
    resource "aws_efs_file_system" "uploads" {
      encrypted = true
    }
    ```

    Good, by its tag, by name, by a pattern:
    ```hcl
    resource "aws_ebs_volume" "data" {
      tags = { Backup = "daily" }
    }
    resource "aws_backup_selection" "daily" {
      selection_tag {
        type  = "STRINGEQUALS"
        key   = "Backup"
        value = "daily"
      }
    }
    resource "aws_efs_file_system" "uploads" {}
    resource "aws_backup_selection" "uploads" {
      resources = [aws_efs_file_system.uploads.arn]
    }
    resource "aws_efs_file_system" "exports" {}
    resource "aws_efs_backup_policy" "exports" {
      file_system_id = aws_efs_file_system.exports.id
      backup_policy {
        status = "ENABLED"
      }
    }
    ```

    Good, with its machine:
    ```hcl
    resource "aws_instance" "db" {}
    resource "aws_ebs_volume" "data" {}
    resource "aws_volume_attachment" "data" {
      volume_id   = aws_ebs_volume.data.id
      instance_id = aws_instance.db.id
    }
    resource "aws_backup_selection" "machines" {
      resources = ["arn:aws:ec2:*:*:instance/*"]
    }
    ```

    Unknown:
    ```hcl
    resource "aws_ebs_volume" "data" {
      tags = { Name = "data" }
    }
    ```
    """
    own = by_its_policy(store, project)
    if own.sure:
        return
    doubts = list(own.doubts)
    found = cover(store, project)
    if found.sure:
        return
    doubts += found.doubts
    tags = store.node["tags"]
    meant = tags.known and any("backup" in key.lower() for key, _ in tags.items())
    if store.syntax.home.fixed is not None:
        yield Unknown(store, f"the module that makes {store.name} may back it up", Reason.NO_EVIDENCE)
    elif doubts:
        yield Unknown(doubts[0], f"nobody can tell whether this backs up {store.name}")
    elif meant or (store.type == "aws_ebs_volume" and not found.planned):
        yield Unknown(store, f"no plan here backs up {store.name}; one elsewhere may", Reason.NOT_OWNED_HERE)
    else:
        yield Finding(store, f"nothing backs up {store.name}", fix=_FIX)
