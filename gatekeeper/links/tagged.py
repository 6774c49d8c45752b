"""What is meant by an id or by a tag: firewalls and alerts of DigitalOcean name droplets either way."""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.links.related import companions, of_type, targets
from gatekeeper.models.terraform import Resource
from gatekeeper.node import Node
from gatekeeper.project import Project


class Meant(NamedTuple):
    """The resources that mean one, and a node that is not known and may make another one do."""

    found: list[Resource]
    doubt: Node | None


def meant_by(resource: Resource, kind: str, via: str, project: Project) -> Meant:
    """The resources of a kind that name this one in their attribute `via`, or one of its tags in `tags`."""
    found, doubts = companions(resource, [kind], [via], project)
    own_texts, own_doubt = _tags(resource)
    own_targets = targets(resource, "tags")
    for each in of_type(kind, project):
        if each in found or each.module.shown != resource.module.shown:
            continue
        texts, doubt = _tags(each)
        if texts & own_texts or targets(each, "tags") & own_targets:
            found.append(each)
        elif (own_texts or own_doubt or own_targets) and doubt is not None:
            doubts.append(doubt)
        elif own_doubt is not None and (texts or doubt is not None):
            doubts.append(own_doubt)
    return Meant(found, doubts[0] if doubts else None)


def _tags(resource: Resource) -> tuple[set[str], Node | None]:
    """The tags that are written as texts, and what of them is not known."""
    node = resource.node["tags"]
    if node.expression:
        return set(), node
    items = list(node) if node.is_list else []
    unknown = [item for item in items if not item.known and not targets(resource, "tags")]
    return {item.text for item in items if item.known}, unknown[0] if unknown else None
