"""Who owns a path, by the repository's CODEOWNERS: of the patterns that mean it, the last one says.

Patterns are those of .gitignore without `!`, `[...]` and escapes, which code owners do not know.
https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.project import Project

_PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
_LINES, _LINE = 5_000, 500  # what is read of a file


class Owned(NamedTuple):
    """One line: which paths it means, who owns them (nobody, when it names none), and where it stands."""

    pattern: str
    owners: tuple[str, ...]
    path: str
    line: int


def owners_of(path: str, project: Project) -> tuple[str, ...]:
    """Who owns a path; empty when the file says nobody, or there is no such file."""
    return project.once(("owners", path), lambda project: _owners(path, project))


def _owners(path: str, project: Project) -> tuple[str, ...]:
    lines = project.once("code owners", _lines)
    return next((line.owners for line in reversed(lines) if _means(line.pattern, path)), ())


def _lines(project: Project) -> list[Owned]:
    path = next((place for place in _PLACES if place in project.tree), "")
    try:
        text = project.tree.source(path).lines[:_LINES] if path else []
    except Unreadable:
        return []
    found = []
    for number, line in enumerate(text, 1):
        words = line[:_LINE].partition(" #")[0].split()
        if words and not words[0].startswith(("#", "[", "^[", "!")):
            owners = tuple(word for word in words[1:] if "@" in word)
            found.append(Owned(words[0], owners, path, number))
    return found


def _means(pattern: str, path: str) -> bool:
    """Whether a pattern means a file: itself, or a folder above it. At most steps times steps."""
    folder = pattern.endswith("/")
    wanted = pattern.strip("/").split("/")
    if not pattern.startswith("/") and len(wanted) == 1:
        wanted.insert(0, "**")
    steps = path.split("/")
    reached = {0}  # how many steps of the path the pattern's first steps may take up
    for step in wanted:
        if step == "**":
            reached = set(range(min(reached), len(steps) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(steps) and fnmatchcase(steps[at], step)}
    deepest = len(steps) - 1 if folder else len(steps)
    if wanted[-1] == "*" and len(wanted) > 1:
        return len(steps) in reached  # `docs/*` means the files in it, not those further down
    return any(0 < at <= deepest for at in reached)
