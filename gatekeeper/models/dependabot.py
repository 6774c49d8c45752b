"""The file by which Dependabot is told what to keep up to date.

Source: "Dependabot options reference" of GitHub's documentation.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.models.files import Text, documents
from gatekeeper.node import Node

PATHS = frozenset({".github/dependabot.yml", ".github/dependabot.yaml"})


def is_dependabot(path: str) -> bool:
    return path in PATHS


def updates(text: Text) -> Iterator[Node]:
    """The entries of such a file, one an ecosystem. Raises `Unresolved` for one that cannot be read."""
    for document in documents(text.node.source)[:1]:
        listed = document["updates"]
        yield from (each for each in (listed if listed.is_list else ()) if each.is_mapping)
