"""The containers of an ECS task definition, whose keys the provider of AWS takes in any case (`Image`, `image`)."""

from __future__ import annotations

from gatekeeper.node import Node


def named(container: Node, name: str) -> Node:
    """What a container holds under a key, however that is spelt."""
    if container.is_mapping and name not in container._value:
        spelt = next((key for key in container._value if key.lower() == name.lower()), name)
        return container[spelt]
    return container[name]
