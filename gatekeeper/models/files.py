"""Every file is a subject, and so is the repository as a whole."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from functools import cached_property

from gatekeeper.models import Subject
from gatekeeper.node import START, Fault, Node, Source, regex


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


_MARK = regex(r"(?:#|//|/\*|<!--)[ \t]*gatekeeper:[ \t]*(\S.*)$")
_MARK_IN_MARKDOWN = regex(r"<!--[ \t]*gatekeeper:[ \t]*(\S.*)$")  # the others are text, or code that is quoted
_FORM = regex(r"ignore(-file)?\[([^\]]*)\](?:[ \t]+until=(\S+))?(?:[ \t]+--[ \t]*(.*))?")
_COMMENT = regex(r"\s*(?:#|//|/\*|<!--)")


class Suppression(Subject):
    """A comment that asks for a rule's findings to be excused, whether it does so properly or not."""

    technology = "files"
    example_path = "Dockerfile"

    def __init__(self, source: Source, number: int, words: str) -> None:
        super().__init__(Node(words, source, source.line_span(number)))
        form = _FORM.match(words)
        self.whole_file = bool(form and form[1])
        self.rules = tuple(name.strip() for name in form[2].split(",") if name.strip()) if form else ()
        self.until = form[3] if form else None
        self.reason = _closed(form[4] or "") if form else ""
        self._number = number

    @property
    def name(self) -> str:
        return f"{self.path}:{self._number}"

    @cached_property
    def line(self) -> int:
        """The line it is about: its own, or that of the statement below when it stands alone."""
        source, number = self.node.source, self._number
        if not _COMMENT.match(source.line(number)):
            return number
        while number < len(source.lines) and (not source.line(number).strip() or _COMMENT.match(source.line(number))):
            number += 1
        return number

    @cached_property
    def end(self) -> datetime.date | None:
        """The last day it holds; None when it names none that can be read."""
        try:
            return datetime.date.fromisoformat(self.until or "")
        except ValueError:
            return None

    def problem(self, today: datetime.date) -> str:
        """Why it does not count; '' when it does."""
        if not self.rules:
            return "not understood; write ignore[rule-id] until=YYYY-MM-DD -- reason"
        if self.end is None:
            return f"until={self.until} is no date" if self.until else "has no end: add until=YYYY-MM-DD"
        if not self.reason:
            return "has no reason: add -- and why"
        return f"expired on {self.end}" if self.end < today else ""


def _closed(words: str) -> str:
    """The words of a comment without what closes it."""
    return words.rstrip().removesuffix("-->").removesuffix("*/").strip()


def suppressions(source: Source) -> Iterator[Suppression]:
    """The suppression comments of a file."""
    if "gatekeeper:" not in source.text:
        return
    mark = _MARK_IN_MARKDOWN if source.path.lower().endswith((".md", ".markdown")) else _MARK
    for number, line in enumerate(source.lines, 1):
        found = mark.search(line) if "gatekeeper:" in line else None
        if found:
            yield Suppression(source, number, found[1].strip())
