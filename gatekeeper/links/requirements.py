"""The requirements that documents number: NFR-001, REQ-12."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.links.judged import documents
from gatekeeper.models.docs import Document
from gatekeeper.node import Node, regex
from gatekeeper.project import Project

_ID = regex(r"\b(?:N?FR|REQ|RQ|SLR|SRS|UR|BR)-[A-Z]{0,6}-?\d{1,5}\b")
_WORDS = 500  # characters that are kept of what stands beside an id


class Requirement(NamedTuple):
    """A numbered requirement: its id and the words beside it, as far as they are kept, where it is first written."""

    id: str
    words: str
    at: Node


def requirements(project: Project) -> list[Requirement]:
    """Every requirement that a document numbers, once, in the order of the files."""
    return project.once("requirements", lambda project: list(_all(project).values()))


def _all(project: Project) -> dict[str, Requirement]:
    found: dict[str, Requirement] = {}
    for document in documents(project):
        if document.kind != "changelog" and _ID.search(document.source.text):
            for each in _of(document):
                found.setdefault(each.id, each)
    return found


def _of(document: Document) -> Iterator[Requirement]:
    for table in document.parts.tables:
        for row in table.rows:
            named = next((cell for cell in row if _ID.match(cell.text)), None)
            if named is not None:
                beside = next((cell.text for cell in row if cell is not named and cell.text), "")
                yield from _in(named, beside)
    for heading in document.parts.headings:
        yield from _in(heading.node, "")
    for text in document.parts.texts:
        yield from _in(text.node, "")


def _in(node: Node, beside: str) -> Iterator[Requirement]:
    ids = _ID.findall(node.text)
    if not ids:
        return
    rest = node.text.partition(ids[0])[2].lstrip(" :.-–—)]") if len(ids) == 1 else node.text
    words = " ".join((rest or beside).split())[:_WORDS]
    for id in dict.fromkeys(ids):
        yield Requirement(id, words, node)
