from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.links.open_ports import ADMINISTRATION, is_ingress, opened, ways_in, ways_through
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule


def _lets_in(resource: Resource) -> bool:
    if resource.absent:
        return False
    if resource.type == "google_compute_firewall":
        direction = resource.node["direction"]
        disabled = resource.node["disabled"]
        return (not direction.present or direction == "INGRESS") and disabled.text != "true"
    return is_ingress(resource)


@rule(
    "tf-security-group-open",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening",
    aliases=["AWS-0107"],
    where=_lets_in,
)
def security_group_open(group: Resource) -> Iterator[Answer]:
    """Nobody reaches SSH, RDP or all ports from the whole internet.

    Ports 22 and 3389 are tried with stolen and guessed passwords from the minute they are open. Judged is what lets
    0.0.0.0/0 or ::/0 in (or a part of it that is wider than any private network): ingress blocks and attributes of
    security groups, rules of their own, and firewalls of Google Cloud. Other ports may be open to everybody; a web
    server's have to be. Tools that ask for each port alone (CKV_AWS_24, CKV_AWS_25, CKV_AWS_277, CKV_GCP_2,
    CKV_GCP_3) find a part of it, so their ids are no aliases.

    Bad, in the group:
    ```hcl
    resource "aws_security_group" "web" {
      ingress {
        from_port   = 20
        to_port     = 25
        protocol    = "tcp"
        # expect: SSH
        cidr_blocks = ["10.0.0.0/8", "0.0.0.0/0"]
      }
    }
    ```

    Bad, in a rule of its own:
    ```hcl
    resource "aws_security_group_rule" "all" {
      type             = "ingress"
      from_port        = 0
      to_port          = 0
      protocol         = "-1"
      # expect: all ports
      ipv6_cidr_blocks = ["::/0"]
    }
    resource "aws_vpc_security_group_ingress_rule" "rdp" {
      ip_protocol = "tcp"
      from_port   = 3389
      to_port     = 3389
      # expect: RDP
      cidr_ipv4   = "0.0.0.0/0"
    }
    ```

    Bad, written as an attribute:
    ```hcl
    resource "aws_security_group" "web" {
      ingress = [
        {
          from_port   = 3389
          to_port     = 3389
          protocol    = "tcp"
          # expect: RDP
          cidr_blocks = ["0.0.0.0/0"]
        },
      ]
    }
    ```

    Bad, one block of many:
    ```hcl
    locals {
      open = ["0.0.0.0/0"]
    }
    resource "aws_security_group" "web" {
      dynamic "ingress" {
        for_each = { https = 443, ssh = 22 }
        content {
          from_port   = ingress.value
          to_port     = ingress.value
          protocol    = "tcp"
          # expect: SSH
          cidr_blocks = local.open
        }
      }
    }
    ```

    Bad, Google Cloud:
    ```hcl
    resource "google_compute_firewall" "ssh" {
      allow {
        protocol = "tcp"
        ports    = ["80", "20-30"]
      }
      # expect: SSH
      source_ranges = ["0.0.0.0/0"]
    }
    resource "google_compute_firewall" "everything" {
      allow {
        protocol = "all"
      }
      # expect: all ports
      source_ranges = ["0.0.0.0/0"]
    }
    ```

    Good:
    ```hcl
    resource "aws_security_group" "web" {
      ingress {
        from_port   = 443
        to_port     = 443
        protocol    = "tcp"
        cidr_blocks = ["0.0.0.0/0"]
      }
      ingress {
        from_port   = 22
        to_port     = 22
        protocol    = "tcp"
        cidr_blocks = ["10.0.0.0/8"]
      }
      ingress {
        from_port = 22
        to_port   = 22
        protocol  = "tcp"
        self      = true
      }
      egress {
        from_port   = 0
        to_port     = 0
        protocol    = "-1"
        cidr_blocks = ["0.0.0.0/0"]
      }
    }
    resource "aws_security_group_rule" "out" {
      type        = "egress"
      from_port   = 0
      to_port     = 65535
      protocol    = "-1"
      cidr_blocks = ["0.0.0.0/0"]
    }
    resource "google_compute_firewall" "deny" {
      deny {
        protocol = "all"
      }
      source_ranges = ["0.0.0.0/0"]
    }
    ```

    Good, the port decides whoever comes in:
    ```hcl
    variable "ranges" {}
    resource "aws_security_group" "web" {
      ingress {
        from_port   = 443
        to_port     = 443
        protocol    = "tcp"
        cidr_blocks = var.ranges
      }
    }
    ```

    Unknown:
    ```hcl
    variable "ranges" {}
    resource "aws_security_group" "web" {
      ingress {
        from_port   = 22
        to_port     = 22
        protocol    = "tcp"
        cidr_blocks = var.ranges
      }
    }
    ```
    """
    ways = ways_through(group) if group.type == "google_compute_firewall" else ways_in(group)
    for at, what in opened(ways, ADMINISTRATION):
        yield Finding(at, f"{group.name} opens {what} to the whole internet", fix=_FIX)


_FIX = Fix("name the networks that need it, or use a session manager or a bastion host")
