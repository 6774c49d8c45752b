"""In how many zones of AWS something stands, by the subnets or zones that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.links.related import referred
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource


def zones(resource: Resource, path: str, project: Project) -> int | None:
    """How many zones an attribute names at least; None when nobody knows. A subnet whose zone is not written is one."""
    node = resource.node.at(path)
    subnets = [each for each in referred(resource, path, project) if each.type == "aws_subnet"]
    if node.expression:
        return _of(subnets) if subnets and all(each.times is not None for each in subnets) else None
    items = list(node) if node.is_list else [node]
    named = {item.text for item in items if item.known}
    others = sum(1 for item in items if not item.known) - len(subnets)
    return len(named) + max(others, 0) + (_of(subnets) if subnets else 0)


def _of(subnets: list[Resource]) -> int:
    names: set[str] = set()
    unnamed = 0
    for subnet in subnets:
        for each in subnet.instances or [subnet]:
            zone = each.node["availability_zone"]
            if zone.known and zone.present:
                names.add(zone.text)
            else:
                unnamed += 1
    return len(names) + unnamed
