from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix, Node, Project, Unknown
from gatekeeper.links.related import of_type
from gatekeeper.models.terraform import Resource
from gatekeeper.models.terraform.layout import literal, room
from gatekeeper.models.terraform.values import Perhaps
from gatekeeper.rule import Answer, Place, Reason, rule

_INSTANCES = ("aws_instance", "aws_launch_configuration")
_TYPES = frozenset((*_INSTANCES, "aws_ebs_volume", "aws_launch_template"))


@rule(
    "tf-ebs-encrypted",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening",
    aliases=["CKV_AWS_3", "CKV_AWS_8", "AWS-0026", "AWS-0131", "AWS-0008"],
    where=lambda resource: resource.type in _TYPES and not resource.absent,
    fixable=True,
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
    switched, doubt = _by_default(resource, project)
    if switched:
        return
    for each in _answers(resource):
        if doubt is not None and isinstance(each, Finding):
            yield Unknown(doubt, f"nobody can tell whether encryption is on for the account of {resource.name}")
            return
        yield each


def _answers(resource: Resource) -> Iterator[Answer]:
    if resource.type == "aws_ebs_volume":
        yield from _judge(resource.node, resource.name, resource, resource)
    elif resource.type == "aws_launch_template":
        for mapping in resource.blocks("block_device_mappings"):
            if mapping["ebs"].present and not mapping["ebs"]["snapshot_id"].present:
                yield from _judge(mapping["ebs"], f"a disk of {resource.name}", mapping["ebs"], resource, mapping)
    else:
        roots = resource.blocks("root_block_device")
        unsure = next((each for each in roots if isinstance(each, Perhaps)), None)
        if unsure is not None:
            yield Unknown(unsure.doubt, f"nobody can tell whether the root disk of {resource.name} is named here")
        elif not roots and _of_template(resource):
            yield Unknown(resource, f"the root disk of {resource.name} is as its launch template says")
        elif not roots:
            yield _finding(resource, f"the root disk of {resource.name}", _new_root(resource))
        for device in (*roots, *resource.blocks("ebs_block_device")):
            yield from _judge(device, f"a disk of {resource.name}", device, resource, device)


def _of_template(resource: Resource) -> bool:
    return resource.present("launch_template")


def _by_default(resource: Resource, project: Project) -> tuple[bool, Node | None]:
    """Whether encryption is on for the account and region of a resource; and else what may switch it on."""
    doubt: Node | None = None
    for switch in of_type("aws_ebs_encryption_by_default", project):
        beside = switch.module.directory == resource.module.directory
        if switch.module.shown or (beside and switch.provider_alias != resource.provider_alias):
            continue
        enabled = switch.node["enabled"]
        if enabled.expression:
            doubt = enabled
        elif switch.times is None:
            doubt = switch.node["count" if switch.expr("count") is not None else "for_each"]
        elif enabled.text not in ("false", "0"):
            return True, None
    return False, doubt


def _judge(
    device: Node, name: str, whole: Node | Resource, resource: Resource, block: Node | None = None
) -> Iterator[Answer]:
    encrypted = device["encrypted"]
    if encrypted.text == "true":
        return
    if isinstance(block, Perhaps):
        yield Unknown(block.doubt, f"nobody can tell whether {name} is there, which is not encrypted")
        return
    if not encrypted.present and device["snapshot_id"].present:
        words = f"{name} is as encrypted as the snapshot it is made from"
        yield Unknown(device["snapshot_id"], words, Reason.NO_EVIDENCE)
    elif encrypted.present:
        edits = (Edit(Place(encrypted.source, encrypted.span), "true"),) if literal(encrypted, "false") else ()
        yield _finding(encrypted, name, edits)
    else:
        absent = "encrypted" not in device and resource.syntax.home.fixed is None
        yield _finding(whole, name, _line(device, "encrypted = true") if absent else ())


def _finding(at: Node | Resource, name: str, edits: tuple[Edit, ...] = ()) -> Finding:
    """Not safe: a disk that is there cannot be encrypted in place, it is replaced."""
    return Finding(at, f"{name} is not encrypted", fix=Fix("set encrypted = true", edits, safe=False))


def _new_root(resource: Resource) -> tuple[Edit, ...]:
    known = resource.syntax.home.fixed is not None or "root_block_device" in resource.syntax.body.attributes
    known = known or any("root_block_device" in (each.type, *each.labels) for each in resource.syntax.body.blocks)
    place = None if known else room(resource.syntax.home.source, resource.syntax.span)
    if place is None:
        return ()
    at, indent = place
    lines = ("root_block_device {", "  encrypted = true", "}")
    text = "".join(f"\n{indent}{line}" for line in lines)
    return (Edit(Place(resource.syntax.home.source, at), f"{text}\n"),)


def _line(block: Node, line: str) -> tuple[Edit, ...]:
    place = room(block.source, block.span)
    return (Edit(Place(block.source, place[0]), f"\n{place[1]}{line}"),) if place else ()
