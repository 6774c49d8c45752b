"""In how many availability zones the subnets of a VPC lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.links.related import companions
from gatekeeper.node import Expression, Node, regex
from gatekeeper.parsers import hcl
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource

_INDEXED = regex(r"\[[^\]\[]{1,60}\]\Z|\b(?:element|slice)\(")


class Zones(NamedTuple):
    """The zones that are told apart for sure, in words, and why there may be more."""

    sure: frozenset[str]
    doubt: Node | None


def subnets_of(vpc: Resource, project: Project) -> tuple[list[Resource], Node | None]:
    """The subnets of a VPC, and why there may be more."""
    found = companions(vpc, ["aws_subnet"], ["vpc_id"], project)
    return found.found, next((node for node in found.doubts if node.expression), None)


def zones_of(subnets: list[Resource]) -> Zones:
    """The zones of some subnets. One that is not known counts where it is an element of a list, by its number."""
    sure: set[str] = set()
    doubt: Node | None = None
    for subnet in subnets:
        zones = _zones(subnet)
        sure |= zones.sure
        doubt = doubt or zones.doubt
    return Zones(frozenset(sure), doubt)


def _zones(subnet: Resource) -> Zones:
    name = next((each for each in ("availability_zone", "availability_zone_id") if subnet.expr(each) is not None), "")
    expr = subnet.expr(name) if name else None
    if expr is None:
        words = Expression(subnet.name, "names no zone: AWS chooses one")
        return Zones(frozenset(), Node(words, subnet.syntax.home.source, subnet.span))
    differs = any(reference.path[0] in ("each", "count") for reference in hcl.references(expr))
    found: set[str] = set()
    doubt: Node | None = None
    for each in subnet.instances or [subnet]:
        node = each.node[name]
        if node.known and node.present:
            found.add(node.text)
        elif _INDEXED.search(expr.text) and (each.instance or not differs):
            found.add(f"{expr.text} {each.instance if differs else ''}".strip())
        else:
            doubt = node
    return Zones(frozenset(found), doubt)
