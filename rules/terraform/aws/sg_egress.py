from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.links.open_ports import is_egress, opened, ways_out
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_FIX = Fix("name the ports that it needs, at least 443, and the networks where these are known")


@rule(
    "tf-security-group-egress",
    gate="security-posture",
    severity="low",
    seed="6.1 Security Hardening",
    aliases=["CKV_AWS_382"],
    where=is_egress,
)
def egress(group: Resource) -> Iterator[Answer]:
    """Security groups do not let everything out to everywhere.

    Who broke into a machine brings in tools and takes out data through whatever port is open. Most services need 443
    and a few addresses. It is what AWS itself gives to a new group, so nearly everybody has it, and this one advises.
    AWS-0104 asks for any way out to the internet, also one of a single port, so it is no alias.

    Bad:
    ```hcl
    resource "aws_security_group" "web" {
      egress {
        from_port   = 0
        to_port     = 0
        protocol    = "-1"
        # expect: everything out
        cidr_blocks = ["0.0.0.0/0"]
      }
    }
    ```

    Good:
    ```hcl
    resource "aws_security_group" "web" {
      egress {
        from_port   = 443
        to_port     = 443
        protocol    = "tcp"
        cidr_blocks = ["0.0.0.0/0"]
      }
    }
    resource "aws_vpc_security_group_egress_rule" "inside" {
      ip_protocol = "-1"
      cidr_ipv4   = "10.0.0.0/8"
    }
    ```

    Unknown:
    ```hcl
    variable "networks" {
      type = list(string)
    }
    resource "aws_security_group_rule" "out" {
      type        = "egress"
      protocol    = "-1"
      from_port   = 0
      to_port     = 0
      cidr_blocks = var.networks
    }
    ```
    """
    for at, _ in opened(ways_out(group), {}):
        yield Finding(at, f"{group.name} lets everything out to everywhere", fix=_FIX)
