"""Every file is a subject, and so is the repository as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from gatekeeper.models import Subject
from gatekeeper.node import START, Fault, Node, Source


class File(Subject):
    """A file that was read: by whom (`technologies`), and what in it could not be (`faults`)."""

    technology = "files"
    example_path = "file.yaml"

    def __init__(self, source: Source, technologies: Sequence[str] = (), faults: Sequence[Fault] = ()) -> None:
        super().__init__(Node(None, source, START))
        self.source = source
        self.technologies = tuple(technologies)
        self.faults = tuple(faults)


class Repository(Subject):
    """The one subject of rules about the repository as a whole; has no place in any file."""

    technology = "files"
    example_path = "file.yaml"

    def __init__(self) -> None:
        super().__init__(Node(None, Source(".", ""), START))

    @property
    def name(self) -> str:
        return "repository"
