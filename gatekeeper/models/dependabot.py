"""The file by which Dependabot is told what to keep up to date.

Source: "Dependabot options reference" of GitHub's documentation.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.discover import Unreadable
from gatekeeper.models.files import Text
from gatekeeper.node import Node
from gatekeeper.parsers import yaml

PATHS = frozenset({".github/dependabot.yml", ".github/dependabot.yaml"})


def is_dependabot(path: str) -> bool:
    return path in PATHS


def updates(text: Text) -> Iterator[Node]:
    """The entries of such a file, one an ecosystem; none of one that cannot be read, which is said elsewhere."""
    try:
        nodes = text.node.source.once(yaml.parse).nodes
    except Unreadable:
        return
    listed = nodes[0]["updates"] if nodes else None
    if listed is not None and listed.is_list:
        yield from (each for each in listed if each.is_mapping)
