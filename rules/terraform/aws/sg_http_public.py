from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links.open_ports import opened, ways_in
from gatekeeper.links.related import companions
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_WEB = {80: "HTTP", 443: "HTTPS", 8080: "HTTP", 8443: "HTTPS"}
_MACHINES = {
    "aws_instance": "vpc_security_group_ids",
    "aws_launch_template": "vpc_security_group_ids",
    "aws_launch_configuration": "security_groups",
    "aws_ecs_service": "network_configuration.security_groups",
}
_FIX = Fix("put a load balancer before them, and let only its security group in")


def _of_machines(group: Resource, project: Project) -> bool:
    if group.type != "aws_security_group":
        return False
    return bool(companions(group, _MACHINES, dict.fromkeys(_MACHINES.values()), project).found)


@rule(
    "tf-security-group-http",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening",
    where=_of_machines,
)
def http(group: Resource, project: Project) -> Iterator[Answer]:
    """Machines and tasks are reached through a load balancer, not from the internet.

    A server that answers the internet itself can be flooded by itself, has no firewall before it, and is known by its
    address. Judged are security groups that instances, launch templates or services of ECS have; the group of a load
    balancer may let everybody in. CKV_AWS_260 asks for port 80 of any group, so it is no alias.

    Bad:
    ```hcl
    resource "aws_security_group" "web" {
      ingress {
        from_port   = 80
        to_port     = 80
        protocol    = "tcp"
        # expect: HTTP
        cidr_blocks = ["0.0.0.0/0"]
      }
    }
    resource "aws_instance" "web" {
      vpc_security_group_ids = [aws_security_group.web.id]
    }
    ```

    Good:
    ```hcl
    resource "aws_security_group" "balancer" {
      ingress {
        from_port   = 443
        to_port     = 443
        protocol    = "tcp"
        cidr_blocks = ["0.0.0.0/0"]
      }
    }
    resource "aws_lb" "web" {
      security_groups = [aws_security_group.balancer.id]
    }
    resource "aws_security_group" "web" {
      ingress {
        from_port       = 8080
        to_port         = 8080
        protocol        = "tcp"
        security_groups = [aws_security_group.balancer.id]
      }
    }
    resource "aws_ecs_service" "web" {
      network_configuration {
        security_groups = [aws_security_group.web.id]
      }
    }
    ```

    Unknown:
    ```hcl
    variable "networks" {
      type = list(string)
    }
    resource "aws_security_group" "web" {
      ingress {
        from_port   = 443
        to_port     = 443
        protocol    = "tcp"
        cidr_blocks = var.networks
      }
    }
    resource "aws_instance" "web" {
      vpc_security_group_ids = [aws_security_group.web.id]
    }
    ```
    """
    for at, what in opened(ways_in(group), _WEB, everything=False):
        yield Finding(at, f"{group.name} opens {what} of machines to the whole internet", fix=_FIX)
