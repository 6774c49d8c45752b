from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node
from gatekeeper.links.open_ports import ADMINISTRATION, NetworkPorts, Ports, Way, between, doubts, opened
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_FIX = Fix("allow the ports that the subnet serves, and deny the rest")
_ACLS = ("aws_network_acl", "aws_default_network_acl")


def _lets_in(resource: Resource) -> bool:
    if resource.type == "aws_network_acl_rule":
        return resource.node["egress"] != True  # noqa: E712  # a node: not the object True
    return resource.type in _ACLS and not (resource.implied and resource.type == "aws_default_network_acl")


@rule(
    "tf-network-acl-open",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["AWS-0105"],
    where=_lets_in,
)
def nacl_open(acl: Resource) -> Iterator[Answer]:
    """Network ACLs do not let the whole internet in to SSH, RDP or all ports.

    An ACL stands before every machine of a subnet, and is the second lock when a security group was opened by mistake.
    Judged are the rules that allow. One that a rule of a lower number denies is let through here too: which came first
    is not weighed. Answers come in at the high ports, so a wide range of these is no way in. The default ACL of AWS
    lets everything in, and counts only where it is written, not where a remote module adopts it. CKV_AWS_231,
    CKV_AWS_232 and CKV_AWS_352 ask for one of these each.

    Bad, in the ACL:
    ```hcl
    resource "aws_network_acl" "public" {
      ingress {
        rule_no    = 100
        action     = "allow"
        protocol   = "-1"
        from_port  = 0
        to_port    = 0
        # expect: all ports
        cidr_block = "0.0.0.0/0"
      }
    }
    ```

    Bad, a rule of its own:
    ```hcl
    resource "aws_network_acl_rule" "ssh" {
      rule_number = 100
      rule_action = "allow"
      protocol    = "tcp"
      from_port   = 22
      to_port     = 22
      # expect: SSH
      cidr_block  = "0.0.0.0/0"
    }
    ```

    Good:
    ```hcl
    resource "aws_network_acl" "public" {
      ingress {
        action     = "allow"
        protocol   = "tcp"
        from_port  = 443
        to_port    = 443
        cidr_block = "0.0.0.0/0"
      }
      ingress {
        action     = "allow"
        protocol   = "tcp"
        from_port  = 1024
        to_port    = 65535
        cidr_block = "0.0.0.0/0"
      }
      ingress {
        action     = "deny"
        protocol   = "-1"
        from_port  = 0
        to_port    = 0
        cidr_block = "0.0.0.0/0"
      }
      egress {
        action     = "allow"
        protocol   = "-1"
        from_port  = 0
        to_port    = 0
        cidr_block = "0.0.0.0/0"
      }
    }
    resource "aws_network_acl_rule" "out" {
      egress      = true
      rule_action = "allow"
      protocol    = "-1"
      cidr_block  = "0.0.0.0/0"
    }
    ```

    Unknown:
    ```hcl
    variable "network" {
      type = string
    }
    resource "aws_network_acl_rule" "ssh" {
      rule_action = "allow"
      protocol    = "tcp"
      from_port   = 22
      to_port     = 22
      cidr_block  = var.network
    }
    ```
    """
    for at, what in opened(_ways(acl), ADMINISTRATION):
        yield Finding(at, f"{acl.name} opens {what} to the whole internet", fix=_FIX)


def _ways(acl: Resource) -> Iterator[Way]:
    for node in acl.blocks("ingress") if acl.type in _ACLS else [acl.node]:
        action = node["rule_action"] if node["rule_action"].present else node["action"]
        if action.known and action.text.lower() != "allow":
            continue
        ranges: list[Node] = [node[name] for name in ("cidr_block", "ipv6_cidr_block") if node[name].present]
        ports = between(node["protocol"], node["from_port"], node["to_port"])
        yield Way(ranges, [each for each in ports if not _takes_answers(each)], [action, *doubts(node)])


def _takes_answers(ports: NetworkPorts) -> bool:
    return isinstance(ports, Ports) and ports.first >= 1024 and ports.last - ports.first > 10_000
