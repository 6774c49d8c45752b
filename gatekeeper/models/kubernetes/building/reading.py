"""The files a build is made of, read from the repository and nowhere else."""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

from gatekeeper.discover import Tree, Unreadable
from gatekeeper.models.files import KUSTOMIZATIONS
from gatekeeper.models.kubernetes.building.nodes import holding, listed, mapping, moved, text
from gatekeeper.node import START, Node, Source, Span
from gatekeeper.parsers import json, yaml

_SCP = re.compile(r"[\w.-]{1,100}@[\w.-]{1,200}:")
_REMOTE = ("git@", "git::", "github.com/", "github.com:", "ssh:", "file:")


def is_remote(entry: str) -> bool:
    """Whether an entry leads to another repository or a server, by how it is written."""
    return "://" in entry or entry.startswith(_REMOTE) or "?ref=" in entry or bool(_SCP.match(entry))


def below(folder: str, path: str) -> str | None:
    """A path as a file in `folder` writes it, from the repository's root ('' for the root); None when it leads out."""
    if path.startswith("/"):
        return None
    clean = posixpath.normpath(posixpath.join(folder, path))
    if clean == ".." or clean.startswith("../"):
        return None
    return "" if clean == "." else clean


class Documents(NamedTuple):
    """What a file holds, and what of it could not be read: the place and the reason."""

    nodes: list[Node]
    faults: list[tuple[Node, str]]


def documents(tree: Tree, path: str) -> Documents:
    """The documents of a YAML or JSON file. Never raises."""
    source = tree.source(path)
    try:
        if path.endswith(".json"):
            read = source.once(json.parse)
            if not read.faults:
                return Documents(list(read.nodes), [])
        parsed = source.once(yaml.parse)
    except Unreadable as error:
        return Documents([], [(Node(None, source, START), str(error))])
    return Documents(parsed.nodes, [(Node(None, source, fault.span), fault.message) for fault in parsed.faults])


def inline(node: Node) -> Documents:
    """The documents written as text inside a kustomization, at their places there."""
    content = text(node)
    parsed = yaml.parse(Source(node.source.path, content))
    place = _placing(node, content)
    nodes = [moved(each, node.source, place) for each in parsed.nodes]
    return Documents(nodes, [(node, fault.message) for fault in parsed.faults])


class _Placing:
    """From a place in the text of a block to its place in the file."""

    def __init__(self, lines: int, columns: int) -> None:
        self.lines = lines
        self.columns = columns

    def __call__(self, span: Span) -> Span:
        line, column, end_line, end_column = span
        return Span(line + self.lines, column + self.columns, end_line + self.lines, end_column + self.columns)


class _Whole:
    def __init__(self, span: Span) -> None:
        self.span = span

    def __call__(self, _: Span) -> Span:
        return self.span


def _placing(node: Node, content: str) -> _Placing | _Whole:
    """Lines of a `|` block stand in the file as they are, but for the indentation; others are placed as a whole."""
    source, first = node.source, node.span.line
    if not source.line(first)[node.span.column - 1 :].startswith("|"):
        return _Whole(node.span)
    lines = content.split("\n")
    sample = next((i for i, line in enumerate(lines) if line.strip()), None)
    if sample is None:
        return _Whole(node.span)
    indent = len(source.line(first + 1 + sample)) - len(lines[sample])
    if indent < 0 or any(line and source.line(first + 1 + i)[indent:] != line for i, line in enumerate(lines)):
        return _Whole(node.span)
    return _Placing(first, indent)


def kustomization_of(tree: Tree, folder: str) -> str | None:
    """The path of a folder's kustomization; None when it has none."""
    for name in sorted(KUSTOMIZATIONS):
        path = f"{folder}/{name}" if folder else name
        if path in tree:
            return path
    return None


_LISTS = 5


def objects(nodes: list[Node], depth: int = 0) -> list[Node]:
    """The documents with what a List holds in place of the list."""
    found: list[Node] = []
    for node in nodes:
        pairs = mapping(node)
        if depth < _LISTS and text(pairs.get("kind")).endswith("List") and "items" in pairs:
            found += objects(listed(pairs["items"]), depth + 1)
        elif pairs:
            found.append(node)
        elif node.present:
            found.append(holding(node, node.expression or node.value))
    return found
