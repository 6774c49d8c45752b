from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Project, Unknown
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, Reason, rule

_INSTANCES = ("aws_instance", "aws_launch_configuration")
_TYPES = frozenset((*_INSTANCES, "aws_ebs_volume", "aws_launch_template"))


@rule(
    "tf-ebs-encrypted",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening",
    aliases=["CKV_AWS_3", "CKV_AWS_8", "AWS-0026", "AWS-0131", "AWS-0008"],
    where=lambda resource: resource.type in _TYPES and not resource.absent,
)
def ebs_encrypted(resource: Resource, project: Project) -> Iterator[Answer]:
    """Disks of AWS machines are encrypted.

    A shared snapshot of a disk is readable without it. Judged are volumes, and the root and further block devices of
    instances, launch configurations and launch templates. Nothing written means not encrypted, unless the repository
    switches encryption on for the account (`aws_ebs_encryption_by_default`). A volume that is made from a snapshot
    takes it from there; a launch template without mappings takes its disks from the image.

    Bad:
    ```hcl
    # expect: aws_ebs_volume.data is not encrypted
    resource "aws_ebs_volume" "data" {
      availability_zone = "eu-west-1a"
      size              = 40
    }
    ```

    Bad, of an instance:
    ```hcl
    # expect: the root disk
    resource "aws_instance" "web" {
      ebs_block_device {
        device_name = "/dev/sdf"
        # expect: is not encrypted
        encrypted   = false
      }
    }
    ```

    Bad, of a launch template:
    ```hcl
    resource "aws_launch_template" "web" {
      block_device_mappings {
        # expect: is not encrypted
        ebs {
          volume_size = 40
        }
      }
    }
    ```

    Good:
    ```hcl
    resource "aws_ebs_volume" "data" {
      encrypted = true
    }
    resource "aws_instance" "web" {
      root_block_device {
        encrypted = true
      }
      dynamic "ebs_block_device" {
        for_each = ["/dev/sdf", "/dev/sdg"]
        content {
          device_name = ebs_block_device.value
          encrypted   = true
        }
      }
    }
    resource "aws_launch_template" "web" {
      image_id = "ami-1"
    }
    ```

    Good, for the whole account:
    ```hcl account/main.tf
    resource "aws_ebs_encryption_by_default" "this" {}
    ```
    ```hcl web/main.tf
    resource "aws_instance" "web" {
      ami = "ami-1"
    }
    ```

    Unknown:
    ```hcl
    resource "aws_ebs_volume" "data" {
      snapshot_id = data.aws_ebs_snapshot.latest.id
    }
    ```
    """
    if project.once("tf-ebs-encrypted account", _by_default):
        return
    if resource.type == "aws_ebs_volume":
        yield from _judge(resource.node, resource.name, resource)
    elif resource.type == "aws_launch_template":
        for mapping in resource.blocks("block_device_mappings"):
            if mapping["ebs"].present and not mapping["ebs"]["snapshot_id"].present:
                yield from _judge(mapping["ebs"], f"a disk of {resource.name}", mapping["ebs"])
    else:
        roots = resource.blocks("root_block_device")
        if not roots:
            yield _finding(resource, f"the root disk of {resource.name}")
        for device in (*roots, *resource.blocks("ebs_block_device")):
            yield from _judge(device, f"a disk of {resource.name}", device)


def _by_default(project: Project) -> bool:
    switches = [each for each in project.all(Resource) if each.type == "aws_ebs_encryption_by_default"]
    return any(
        not each.absent and not (each.node["enabled"].known and each.node["enabled"].text == "false")
        for each in switches
    )


def _judge(device: Node, name: str, whole: Node | Resource) -> Iterator[Answer]:
    encrypted = device["encrypted"]
    if encrypted.text == "true":
        return
    if not encrypted.present and device["snapshot_id"].present:
        words = f"{name} is as encrypted as the snapshot it is made from"
        yield Unknown(device["snapshot_id"], words, Reason.NO_EVIDENCE)
        return
    yield _finding(encrypted if encrypted.present else whole, name)


def _finding(at: Node | Resource, name: str) -> Finding:
    return Finding(at, f"{name} is not encrypted", fix=Fix("set encrypted = true"))
