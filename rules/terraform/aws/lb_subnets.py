from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unresolved
from gatekeeper.links.related import referred
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_FIX = Fix("give it a subnet in each zone")


@rule(
    "tf-lb-subnets",
    gate="workload-reliability",
    severity="medium",
    seed="1.2 Architecture Design, Plan for high availability",
    where=lambda each: each.type in ("aws_lb", "aws_alb"),
)
def lb_subnets(balancer: Resource, project: Project) -> Iterator[Answer]:
    """Load balancers stand in at least two subnets.

    A load balancer has an address in each of its subnets, and a subnet lies in one zone. With one subnet the service is
    gone while the zone is, however many zones its servers lie in. AWS refuses an application load balancer with one; a
    network load balancer takes it.

    Bad:
    ```hcl
    resource "aws_lb" "tcp" {
      load_balancer_type = "network"
      # expect: one subnet
      subnets            = [aws_subnet.a.id]
    }
    ```

    Bad, a mapping:
    ```hcl
    resource "aws_lb" "tcp" {
      load_balancer_type = "network"
      # expect: one subnet
      subnet_mapping {
        subnet_id     = aws_subnet.a.id
        allocation_id = aws_eip.a.id
      }
    }
    ```

    Good:
    ```hcl
    resource "aws_lb" "web" {
      subnets = [aws_subnet.a.id, aws_subnet.b.id]
    }
    resource "aws_subnet" "public" {
      count = 3
    }
    resource "aws_lb" "tcp" {
      load_balancer_type = "network"
      subnets            = aws_subnet.public[*].id
    }
    ```

    Good, each subnet of a map:
    ```hcl
    resource "aws_subnet" "public" {
      for_each = toset(["eu-west-1a", "eu-west-1b"])
    }
    resource "aws_lb" "tcp" {
      subnets = [for subnet in aws_subnet.public : subnet.id]
    }
    ```

    Unknown:
    ```hcl
    variable "subnets" {
      type = list(string)
    }
    resource "aws_lb" "web" {
      subnets = var.subnets
    }
    ```
    """
    subnets, mapped = balancer.node["subnets"], balancer.node["subnet_mapping"]
    for node in (subnets, mapped):
        if node.expression:
            if _several(balancer, project):
                return
            raise Unresolved(node, node.expression)
    found = len(subnets) if subnets.is_list else len(mapped) if mapped.is_list else int(mapped.is_mapping)
    if found == 1:
        yield Finding(subnets if subnets.is_list else mapped, f"{balancer.name} stands in one subnet", fix=_FIX)


def _several(balancer: Resource, project: Project) -> bool:
    """Whether it refers to several subnets for sure."""
    meant = [each for each in referred(balancer, "subnets", project) if each.type == "aws_subnet"]
    return sum(each.times or 0 for each in meant) >= 2
