"""Over how many zones something spreads, by the subnets or zones that it names."""

from __future__ import annotations

from gatekeeper.links.related import referred
from gatekeeper.models.terraform import Resource
from gatekeeper.node import Node
from gatekeeper.parsers import hcl
from gatekeeper.project import Project

_SUBNETS = ("aws_subnet", "aws_default_subnet")


def zones_behind(resource: Resource, path: str, project: Project) -> int | None:
    """How many zones are behind an attribute that lists subnets or zones; None when nobody knows how many it lists.

    Subnets whose zone is not written here count as one zone each.
    """
    node, expr = resource.node.at(path), resource.expr(path)
    if not node.known:
        subnets = referred(resource, path, project) if isinstance(expr, hcl.Splat) else []
        return _of_all(subnets[0]) if len(subnets) == 1 and subnets[0].type in _SUBNETS else None
    return len(_distinct(expr, list(node), resource)) if node.is_list else None


def _of_all(subnet: Resource) -> int | None:
    """The zones of every instance of one block of subnets."""
    if not subnet.times:
        return subnet.times
    found = {_zone(each) for each in subnet.instances or [subnet] if isinstance(each, Resource)}
    return subnet.times if "" in found else len(found)


def _distinct(expr: hcl.Expr | None, items: list[Node], resource: Resource) -> set[str]:
    """What the items of a list mean: their zones where these are known, else themselves."""
    written = list(expr.items) if isinstance(expr, hcl.Tuple) and len(expr.items) == len(items) else []
    found: set[str] = set()
    for number, item in enumerate(items):
        text = item.text if not item.expression else written[number].text if written else f"[{number}]"
        subnet = _subnet(written[number], resource) if written else None
        zone = _zone(subnet) if subnet is not None and "[" not in text else ""
        found.add(zone or text)
    return found


def _subnet(expr: hcl.Expr, resource: Resource) -> Resource | None:
    named = resource.module.addresses(expr)
    declared = resource.module.declared.get(next(iter(named))) if len(named) == 1 else None
    return declared if isinstance(declared, Resource) and declared.type in _SUBNETS else None


def _zone(subnet: Resource) -> str:
    for name in ("availability_zone", "availability_zone_id"):
        node = subnet.node[name]
        if node.present:
            return node.text if node.known else ""
    return ""
