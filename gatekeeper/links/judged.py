"""The files that are judged: what the facts of the whole repository are gathered from."""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.discover import UNREAD, Unreadable
from gatekeeper.models.docs import Document
from gatekeeper.node import Source
from gatekeeper.project import Project

# Begins a comment of the completion report: what it says is taken from the repository, and is no source for it.
GENERATED = "<!-- Written by gatekeeper"


def documents(project: Project) -> list[Document]:
    """The Markdown documents that people wrote: all but a completion report that was kept in the repository."""

    def make(project: Project) -> list[Document]:
        return [each for each in project.all(Document) if GENERATED not in each.source.text]

    return project.once("written documents", make)


def judged(project: Project) -> list[str]:
    """The paths of the repository without those that are left out (test data, vendored, excluded)."""

    def make(project: Project) -> list[str]:
        left_out = {skip.path for skip in project.skipped if skip.reason != UNREAD}
        return [path for path in project.tree.paths if path not in left_out]

    return project.once("judged paths", make)


def holding(project: Project, endings: tuple[str, ...], *words: str) -> Iterator[Source]:
    """The judged files with one of the endings whose text holds all of the words; those that can be read."""
    for path in judged(project):
        if not path.endswith(endings):
            continue
        source = project.tree.source(path)
        try:
            text = source.text
        except Unreadable:
            continue
        if all(word in text for word in words):
            yield source
