"""Over how many zones something spreads, by the subnets or zones that it names."""

from __future__ import annotations

from gatekeeper.links.related import referred
from gatekeeper.links.subnet_zones import zones_of
from gatekeeper.models.terraform import Resource
from gatekeeper.node import Node
from gatekeeper.parsers import hcl
from gatekeeper.project import Project

_SUBNETS = ("aws_subnet", "aws_default_subnet")
_ZONE = ("availability_zone", "availability_zone_id")


def zones_behind(resource: Resource, path: str, project: Project) -> int | None:
    """How many zones are behind an attribute that lists subnets or zones; None when nobody knows how many it lists.

    Subnets whose zone is not written here count as one zone each; those whose zone is a value that is not known may lie
    in one.
    """
    node, expr = resource.node.at(path), resource.expr(path)
    if not node.known:
        subnets = referred(resource, path, project) if isinstance(expr, hcl.Splat) else []
        return _of_all(subnets[0]) if len(subnets) == 1 and subnets[0].type in _SUBNETS else None
    return _distinct(expr, list(node), resource) if node.is_list else None


def _of_all(subnet: Resource) -> int | None:
    """The zones of every instance of one block of subnets."""
    if not subnet.times:
        return subnet.times
    if all(subnet.expr(name) is None for name in _ZONE):
        return subnet.times
    sure, doubt = zones_of([subnet])
    return None if doubt is not None and len(sure) < 2 <= subnet.times else max(len(sure), 1)


def _distinct(expr: hcl.Expr | None, items: list[Node], resource: Resource) -> int | None:
    """How many zones the items of a list mean: their zones where these are known, else themselves."""
    written = list(expr.items) if isinstance(expr, hcl.Tuple) and len(expr.items) == len(items) else []
    if len(items) == 1 and items[0].expression and written and isinstance(written[0], hcl.Template):
        return None  # in older Terraform `["${x}"]` was the list x
    found: set[str] = set()
    unsure: set[str] = set()
    for number, item in enumerate(items):
        text = item.text if not item.expression else written[number].text if written else f"[{number}]"
        subnet = _subnet(written[number], resource) if written else None
        if subnet is None and item.expression and text.startswith("var."):
            unsure.add(text)
            continue
        if subnet is None or "[" in text or all(subnet.expr(name) is None for name in _ZONE):
            found.add(text)
            continue
        zones = zones_of([subnet])
        found |= zones.sure
        unsure |= set() if zones.doubt is None else {text}
    if len(found) > 1 or not unsure:
        return len(found)
    return 1 if len(found) + len(unsure) < 2 else None


def _subnet(expr: hcl.Expr, resource: Resource) -> Resource | None:
    named = resource.module.addresses(expr)
    declared = resource.module.declared.get(next(iter(named))) if len(named) == 1 else None
    return declared if isinstance(declared, Resource) and declared.type in _SUBNETS else None
