from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unresolved
from gatekeeper.links.subnet_zones import subnets_of, zones_of
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_FIX = Fix("put subnets into at least two availability zones")


def _has_subnets(vpc: Resource, project: Project) -> bool:
    return vpc.type == "aws_vpc" and bool(subnets_of(vpc, project)[0])


@rule(
    "tf-subnet-zones",
    gate="workload-reliability",
    severity="medium",
    seed="1.2 Architecture Design, Plan for high availability",
    where=_has_subnets,
)
def subnet_zones(vpc: Resource, project: Project) -> Iterator[Answer]:
    """The subnets of a VPC lie in at least two availability zones.

    A zone is one group of data centres, and it fails as a whole. What runs in one zone is gone then; load balancers and
    managed databases ask for two. Judged are VPCs whose subnets are declared here. Elements of a list of zones count as
    different ones when their number differs.

    Bad:
    ```hcl
    # expect: in one zone
    resource "aws_vpc" "main" {
      cidr_block = "10.0.0.0/16"
    }
    resource "aws_subnet" "public" {
      vpc_id            = aws_vpc.main.id
      availability_zone = "eu-west-1a"
    }
    resource "aws_subnet" "private" {
      vpc_id            = aws_vpc.main.id
      availability_zone = "eu-west-1a"
    }
    ```

    Good, a map:
    ```hcl
    resource "aws_vpc" "main" {
      cidr_block = "10.0.0.0/16"
    }
    resource "aws_subnet" "private" {
      for_each = {
        "eu-west-1a" = "10.0.1.0/24"
        "eu-west-1b" = "10.0.2.0/24"
      }
      vpc_id            = aws_vpc.main.id
      cidr_block        = each.value
      availability_zone = each.key
    }
    ```

    Good, elements of a list:
    ```hcl
    data "aws_availability_zones" "all" {}
    resource "aws_vpc" "main" {
      cidr_block = "10.0.0.0/16"
    }
    resource "aws_subnet" "private" {
      count             = 3
      vpc_id            = aws_vpc.main.id
      availability_zone = data.aws_availability_zones.all.names[count.index]
    }
    ```

    Good, in a module:
    ```hcl main.tf
    resource "aws_vpc" "main" {
      cidr_block = "10.0.0.0/16"
    }
    module "subnet" {
      source   = "./subnet"
      for_each = toset(["eu-west-1a", "eu-west-1b"])
      vpc      = aws_vpc.main.id
      zone     = each.key
    }
    module "other" {
      source = "./subnet"
      vpc    = aws_vpc.main.id
      zone   = "eu-west-1c"
    }
    resource "aws_subnet" "extra" {
      vpc_id            = aws_vpc.main.id
      availability_zone = "eu-west-1a"
    }
    resource "aws_subnet" "more" {
      vpc_id            = aws_vpc.main.id
      availability_zone = "eu-west-1b"
    }
    ```
    ```hcl subnet/main.tf
    variable "vpc" {}
    variable "zone" {}
    resource "aws_subnet" "this" {
      vpc_id            = var.vpc
      availability_zone = var.zone
    }
    ```

    Unknown:
    ```hcl
    variable "zones" {
      type = list(string)
    }
    resource "aws_vpc" "main" {
      cidr_block = "10.0.0.0/16"
    }
    resource "aws_subnet" "private" {
      for_each          = toset(var.zones)
      vpc_id            = aws_vpc.main.id
      availability_zone = each.value
    }
    ```
    """
    subnets, more = subnets_of(vpc, project)
    zones = zones_of(subnets)
    if len(zones.sure) >= 2:
        return
    doubt = zones.doubt or more
    if doubt is not None and doubt.expression:
        raise Unresolved(doubt, doubt.expression)
    yield Finding(vpc, f"all subnets of {vpc.name} lie in one zone", fix=_FIX)
