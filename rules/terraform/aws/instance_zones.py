from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.spread import zones_behind
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_PATHS = {
    "aws_ecs_service": ("network_configuration.subnets",),
    "aws_autoscaling_group": ("vpc_zone_identifier", "availability_zones"),
    "aws_db_subnet_group": ("subnet_ids",),
    "aws_elasticache_subnet_group": ("subnet_ids",),
}


def _placed(resource: Resource) -> bool:
    """It says where it stands. A service of ECS on machines has no network of its own: it stands where they do."""
    return any(resource.node.at(path).present for path in _PATHS.get(resource.type, ()))


@rule(
    "tf-aws-zones",
    gate="workload-reliability",
    severity="medium",
    seed="1.2 Architecture Design, Plan for high availability",
    where=_placed,
)
def spreads(resource: Resource, project: Project) -> Iterator[Answer]:
    """What runs on AWS spreads over two zones or more.

    A zone is one or more data centres, and fails as a whole. Judged are the subnets of ECS services, of databases and
    caches, and the subnets or zones of autoscaling groups. Subnets whose zone is not written here count as one zone
    each.

    Bad:
    ```hcl
    resource "aws_ecs_service" "orders" {
      network_configuration {
        # expect: one subnet
        subnets = [aws_subnet.a.id]
      }
    }
    resource "aws_autoscaling_group" "web" {
      # expect: one zone
      availability_zones = ["eu-west-1a"]
    }
    ```

    Bad, two subnets of one zone:
    ```hcl
    resource "aws_subnet" "a" {
      availability_zone = "eu-west-1a"
    }
    resource "aws_subnet" "b" {
      availability_zone = "eu-west-1a"
    }
    resource "aws_autoscaling_group" "web" {
      # expect: one zone
      vpc_zone_identifier = [aws_subnet.a.id, aws_subnet.b.id]
    }
    ```

    Bad, one instance of it:
    ```hcl
    resource "aws_subnet" "private" {
      count = 1
    }
    resource "aws_db_subnet_group" "orders" {
      # expect: one subnet
      subnet_ids = aws_subnet.private[*].id
    }
    ```

    Good:
    ```hcl
    locals {
      zones = ["eu-west-1a", "eu-west-1b"]
    }
    resource "aws_subnet" "private" {
      count             = length(local.zones)
      availability_zone = local.zones[count.index]
    }
    resource "aws_ecs_service" "orders" {
      network_configuration {
        subnets = aws_subnet.private[*].id
      }
    }
    resource "aws_ecs_service" "invoices" {
      network_configuration {
        subnets = ["subnet-1", "subnet-2"]
      }
    }
    resource "aws_autoscaling_group" "web" {
      availability_zones = local.zones
    }
    ```

    Unknown:
    ```hcl
    variable "subnets" {
      type = list(string)
    }
    resource "aws_ecs_service" "orders" {
      network_configuration {
        subnets = var.subnets
      }
    }
    ```
    """
    for path in _PATHS[resource.type]:
        node = resource.node.at(path)
        if not node.present:
            continue
        number = zones_behind(resource, path, project)
        if not number:
            yield Unknown(node, f"nobody knows how many there are in {path} of {resource.name}")
        elif number < 2:
            several = node.known and len(node) > 1
            what = "zone" if several or path == "availability_zones" else "subnet"
            yield Finding(node, f"{resource.name} stands in one {what}", fix=Fix("name subnets of two zones or more"))
