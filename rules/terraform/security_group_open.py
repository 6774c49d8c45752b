from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Unresolved
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_PORTS = {22: "SSH", 3389: "RDP"}
_AWS = {
    "aws_security_group": "ingress",
    "aws_default_security_group": "ingress",
    "aws_security_group_rule": "",
    "aws_vpc_security_group_ingress_rule": "",
}
_RANGES = ("cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6")
_ALL = ("-1", "all")


def _lets_in(resource: Resource) -> bool:
    if resource.absent:
        return False
    if resource.type == "google_compute_firewall":
        direction = resource.node["direction"]
        disabled = resource.node["disabled"]
        return (not direction.present or direction == "INGRESS") and disabled.text != "true"
    if resource.type == "aws_security_group_rule":
        return resource.node["type"] == "ingress"
    return resource.type in _AWS


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
    0.0.0.0/0 or ::/0 in (or half of it): ingress blocks and attributes of security groups, rules of their own, and
    firewalls of Google Cloud. Other ports may be open to everybody; a web server's have to be. Tools that ask for each
    port alone (CKV_AWS_24, CKV_AWS_25, CKV_AWS_277, CKV_GCP_2, CKV_GCP_3) find a part of it, so their ids are no
    aliases.

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
    unknown: Node | None = None
    opened = False
    rules = _google(group) if group.type == "google_compute_firewall" else _aws(group)
    for ranges, what in rules:
        if what == "":
            continue
        for cidrs in ranges:
            world, doubt = _world(cidrs)
            if world and not isinstance(what, Node):
                opened = True
                yield Finding(cidrs, f"{group.name} opens {what} to the whole internet", fix=_FIX)
                break
            if world or doubt:
                unknown = what if isinstance(what, Node) else doubt
    if not opened and unknown is not None and unknown.expression:
        raise Unresolved(unknown, unknown.expression)


_FIX = Fix("name the networks that need it, or use a session manager or a bastion host")
Judged = tuple[list[Node], "str | Node"]  # who is let in, and to what: '' to nothing that matters, a node not known


def _aws(group: Resource) -> Iterator[Judged]:
    kind = _AWS[group.type]
    for rule_ in group.blocks(kind) if kind else [group.node]:
        protocol = rule_["ip_protocol"] if rule_["ip_protocol"].present else rule_["protocol"]
        ranges = [rule_[name] for name in _RANGES if rule_[name].present]
        yield ranges, _what(protocol, rule_["from_port"], rule_["to_port"])


def _what(protocol: Node, first: Node, last: Node) -> str | Node:
    if protocol.known and protocol.text.lower() in _ALL:
        return "all ports"
    if protocol.known and protocol.text.lower() not in ("tcp", "udp", "6", "17"):
        return ""
    for node in (protocol, first, last):
        if not node.known:
            return node
    low, high = first.number, last.number
    if low is None:
        return ""
    return _named(low, low if high is None else high)


def _named(low: float, high: float) -> str:
    if low <= 0 and high >= 65535:
        return "all ports"
    return " and ".join(name for port, name in _PORTS.items() if low <= port <= high)


def _google(firewall: Resource) -> Iterator[Judged]:
    ranges = firewall.node["source_ranges"]
    limited = firewall.node["source_tags"].present or firewall.node["source_service_accounts"].present
    if not ranges.present and limited:
        return
    for allow in firewall.blocks("allow"):
        for what in _allowed(allow):
            yield [ranges if ranges.present else firewall.node], what


def _allowed(allow: Node) -> Iterator[str | Node]:
    protocol, ports = allow["protocol"], allow["ports"]
    if not protocol.known or not ports.known:
        yield protocol if not protocol.known else ports
    elif protocol.text.lower() in ("all", "tcp", "udp", "6", "17"):
        if not ports.present or not len(ports):
            yield "all ports"
        for port in ports:
            if not port.known:
                yield port
                continue
            low, _, high = port.text.partition("-")
            if low.isdigit() and (not high or high.isdigit()):
                yield _named(int(low), int(high or low))


def _world(ranges: Node) -> tuple[bool, Node | None]:
    """Whether everybody is among the ranges, and what of them is not known."""
    if ranges.is_mapping:  # a firewall that names no source at all
        return True, None
    if not ranges.known:
        return False, ranges
    items = list(ranges) if ranges.is_list else [ranges]
    doubt = next((item for item in items if not item.known), None)
    return any(item.known and item.text.endswith(("/0", "/1")) for item in items), doubt
