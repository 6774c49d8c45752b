from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.related import companions
from gatekeeper.links.subnet_zones import subnets_of, zones_of
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_FIX = Fix("make a NAT gateway in each zone, and a route table for each")


def _gateways(vpc: Resource, project: Project) -> list[Resource]:
    found: dict[int, Resource] = {}
    for subnet in subnets_of(vpc, project)[0]:
        for gateway in companions(subnet, ["aws_nat_gateway"], ["subnet_id"], project).found:
            if gateway.node["connectivity_type"] != "private":
                found.setdefault(id(gateway), gateway)
    return list(found.values())


@rule(
    "tf-nat-zones",
    gate="workload-reliability",
    severity="low",
    seed="1.2 Architecture Design, Plan for high availability",
    where=lambda vpc, project: vpc.type == "aws_vpc" and bool(_gateways(vpc, project)),
)
def nat_zones(vpc: Resource, project: Project) -> Iterator[Answer]:
    """Every zone has a NAT gateway of its own.

    What has no public address reaches the internet through a NAT gateway, and that stands in one zone. When the zone
    fails, nobody in the others reaches anything outside; and what crosses zones until then is paid for. For a
    development environment one gateway is cheaper and often meant so.

    Bad:
    ```hcl
    # expect: one NAT gateway for 2 zones
    resource "aws_vpc" "main" {
      cidr_block = "10.0.0.0/16"
    }
    resource "aws_subnet" "public" {
      for_each          = toset(["eu-west-1a", "eu-west-1b"])
      vpc_id            = aws_vpc.main.id
      availability_zone = each.key
    }
    resource "aws_nat_gateway" "main" {
      allocation_id = aws_eip.nat.id
      subnet_id     = aws_subnet.public["eu-west-1a"].id
    }
    ```

    Good:
    ```hcl
    resource "aws_vpc" "main" {
      cidr_block = "10.0.0.0/16"
    }
    resource "aws_subnet" "public" {
      for_each          = toset(["eu-west-1a", "eu-west-1b"])
      vpc_id            = aws_vpc.main.id
      availability_zone = each.key
    }
    resource "aws_nat_gateway" "main" {
      for_each      = aws_subnet.public
      allocation_id = aws_eip.nat[each.key].id
      subnet_id     = each.value.id
    }
    ```

    Unknown:
    ```hcl
    variable "zones" {
      type = set(string)
    }
    resource "aws_vpc" "main" {
      cidr_block = "10.0.0.0/16"
    }
    resource "aws_subnet" "public" {
      for_each          = var.zones
      vpc_id            = aws_vpc.main.id
      availability_zone = each.key
    }
    resource "aws_nat_gateway" "main" {
      allocation_id = aws_eip.nat.id
      subnet_id     = values(aws_subnet.public)[0].id
    }
    ```
    """
    subnets, _ = subnets_of(vpc, project)
    zones = zones_of(subnets)
    gateways = _gateways(vpc, project)
    made = [_times(gateway, subnets) for gateway in gateways]
    if any(gateway.node["availability_mode"] == "regional" for gateway in gateways) or None in made:
        if None in made:
            yield Unknown(gateways[made.index(None)], "how many NAT gateways there are is not known here")
        return
    count = sum(number for number in made if number is not None)
    if count < len(zones.sure):
        words = "one NAT gateway" if count == 1 else f"{count} NAT gateways"
        yield Finding(vpc, f"{words} for {len(zones.sure)} zones", fix=_FIX)
    elif zones.doubt is not None and zones.doubt.expression:
        yield Unknown(zones.doubt, f"{zones.doubt.expression.text} {zones.doubt.expression.reason}")


def _times(gateway: Resource, subnets: list[Resource]) -> int | None:
    """How many gateways it stands for; one a zone where it is repeated over subnets."""
    if gateway.times is not None:
        return gateway.times
    over = gateway.addresses("for_each") | gateway.addresses("count")
    meant = [subnet for subnet in subnets if subnet.name in over]
    return len(zones_of(meant).sure) or None if meant else None
