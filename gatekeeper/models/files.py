"""Every file is a subject, and so is the repository as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.discover import SIZE_LIMIT, Unreadable, decode
from gatekeeper.models import Subject
from gatekeeper.models.secrets import Secret, secrets_in
from gatekeeper.node import START, Expression, Fault, Node, Source, Span, Unresolved, regex

COMPOSE = regex(r"(?:.*[._-])?compose(?:[._-].*)?\.ya?ml\Z|(?:docker-)?stack(?:[._-].*)?\.ya?ml\Z")  # of Compose files
KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})

if TYPE_CHECKING:
    from mmap import mmap


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


def documents(source: Source) -> list[Node]:
    """The documents of a file in YAML that no model reads. Raises `Unresolved` for what cannot be read."""
    from gatekeeper.parsers import yaml

    readable(source)
    read = source.once(yaml.parse)
    for fault in read.faults:
        raise _unread(source, fault.message, fault.span)
    return read.nodes


def readable(source: Source) -> str:
    """The text of a file that no model reads. Raises `Unresolved`, and so is no pass, where it cannot be had."""
    try:
        return source.text
    except Unreadable as error:
        raise _unread(source, str(error)) from None


def _unread(source: Source, why: str, at: Span = START) -> Unresolved:
    return Unresolved(Node(None, source, at), Expression(source.path, f"cannot be read: {why}"))


class Searched(NamedTuple):
    """What a file holds that is known by its form. `source` is its text, or as much of it as can be shown."""

    text: bool
    source: Source
    secrets: tuple[Secret, ...] = ()
    problem: str = ""


class Text(Subject):
    """A file that is judged, whether a model reads it or not: its text, and nothing that the text means.

    It is opened when first asked for and not kept: there are many of them, and most hold nothing.
    """

    technology = "files"
    example_path = "file.txt"

    def __init__(self, source: Source, content: Callable[[], bytes | mmap]) -> None:
        super().__init__(Node(None, source, START))
        self._content = content

    @cached_property
    def searched(self) -> Searched:
        """Its secrets. A file with NUL bytes in front is binary and holds no text; so does a link, which is no file."""
        source = self.node.source
        try:
            content = self._content()
        except Unreadable as error:
            absent = str(error).startswith("a link") or str(error) == "not a regular file"
            return Searched(not absent, source, problem="" if absent else str(error))
        head = content[:8192]
        if b"\0" in head and head[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            return Searched(False, source)
        if len(content) > SIZE_LIMIT:
            return Searched(True, source, problem=f"larger than {SIZE_LIMIT // 1_000_000} MB")
        return self._search(bytes(content))

    def _search(self, content: bytes) -> Searched:
        source = self.node.source
        wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        rough = "" if wide else content.decode("latin-1")  # cheap, and shows the same forms
        if not wide and not any(True for _ in secrets_in(rough, self.path)):
            return Searched(True, source)
        try:
            text = decode(content)
        except Unreadable:
            text, source = rough, Source(self.path, rough)
        return Searched(True, source, tuple(secrets_in(text, self.path)))
