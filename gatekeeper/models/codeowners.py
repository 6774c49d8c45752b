"""CODEOWNERS, line by line: which paths a line means, and who is asked for them.

https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
https://docs.gitlab.com/user/project/codeowners/reference/
"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.discover import Tree
from gatekeeper.models import Subject
from gatekeeper.node import Fault, Node, Source, Span, regex

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")  # the first that is there counts
_LINES, _LINE = 5_000, 500  # what is read of a file
_OWNER = regex(
    r"@@?[A-Za-z0-9][A-Za-z0-9_.-]{0,100}(?:/[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}){0,20}\Z"
    r"|[^@\s]{1,100}@[A-Za-z0-9-]{1,100}(?:\.[A-Za-z0-9-]{1,100}){1,10}\Z"
)
_SECTION = regex(r"\^?\[[^\]]{1,200}\]")


class OwnerLine(Subject):
    """One line: a pattern, and its owners; nobody owns what a line without owners means."""

    technology = "files"
    example_path = "CODEOWNERS"

    def __init__(self, source: Source, line: int, pattern: str, owners: tuple[str, ...], in_section: bool) -> None:
        text = source.line(line)
        column = text.find(pattern.split(" ")[0]) + 1
        super().__init__(Node(pattern, source, Span(line, max(column, 1), line, len(text.rstrip()) + 1)))
        self.pattern = pattern
        self.owners = owners
        self.in_section = in_section

    @property
    def name(self) -> str:
        return self.pattern

    @property
    def on_gitlab(self) -> bool:
        """Whether only GitLab reads the line so: sections, and its place."""
        return self.in_section or self.path.startswith(".gitlab/")

    @property
    def not_owners(self) -> list[str]:
        """Words that stand where owners do and are none."""
        return [owner for owner in self.owners if not _OWNER.match(owner)]


def is_codeowners(path: str) -> bool:
    return path in PLACES


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The lines of the file that counts; another copy of it is read by nobody."""
    if source.path == next((place for place in PLACES if place in tree), ""):
        yield from lines(source)


def lines(source: Source) -> Iterator[OwnerLine]:
    in_section = False
    of_section: tuple[str, ...] = ()  # whom its lines mean that name nobody
    for number, written in enumerate(source.lines[:_LINES], 1):
        line = written[:_LINE].strip()
        section = _SECTION.match(line)
        if section and (line.startswith("^") or not line[section.end() :].startswith(("/", "*", "."))):
            in_section = True
            of_section = tuple(word for word in _words(line[section.end() :]) if not _SECTION.match(word))
            continue
        words = _words(line)
        if words and not words[0].startswith("#"):
            yield OwnerLine(source, number, words[0], tuple(words[1:]) or of_section, in_section)


def _words(line: str) -> list[str]:
    """The words of a line up to a comment; a backslash keeps the blank behind it."""
    found: list[str] = []
    for word in line.replace("\\ ", "\0").split():
        if word.startswith("#") and found:
            break
        found.append(word.replace("\0", " "))
    return found
