"""What git ignores, by the .gitignore files of the repository. https://git-scm.com/docs/gitignore"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.project import Project

_LINES, _LINE, _FILES = 2_000, 300, 2_000  # what is read


class Pattern(NamedTuple):
    """One line: what is ignored (or, with `kept`, not ignored after all) below the folder of its file."""

    steps: tuple[str, ...]
    anchored: bool
    folder: bool
    kept: bool


def ignored(path: str, project: Project) -> bool:
    """Whether git ignores a file of that path: of the lines that mean it or a folder above it, the last one says."""
    table = project.once("gitignore", _read)
    steps = path.split("/")
    return any(_said(steps[:depth], depth < len(steps), table) for depth in range(1, len(steps) + 1))


def _said(steps: list[str], is_folder: bool, table: dict[str, list[Pattern]]) -> bool:
    answer = False
    for depth in range(len(steps)):
        below = steps[depth:]
        for pattern in table.get("/".join(steps[:depth]), ()):
            if _means(pattern, below, is_folder):
                answer = not pattern.kept
    return answer


def _means(pattern: Pattern, steps: list[str], is_folder: bool) -> bool:
    if pattern.folder and not is_folder:
        return False
    if not pattern.anchored:
        return fnmatchcase(steps[-1], pattern.steps[0])
    reached = {0}  # how many steps the pattern's first ones may take up
    for number, wanted in enumerate(pattern.steps):
        if wanted == "**":
            least = min(reached, default=None)
            if least is None:
                return False
            last = number == len(pattern.steps) - 1
            reached = set(range(least + (1 if last else 0), len(steps) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(steps) and fnmatchcase(steps[at], wanted)}
    return len(steps) in reached


def _read(project: Project) -> dict[str, list[Pattern]]:
    found: dict[str, list[Pattern]] = {}
    paths = [path for path in project.tree.paths if path.rpartition("/")[2] == ".gitignore"]
    for path in paths[:_FILES]:
        try:
            lines = project.tree.source(path).lines[:_LINES]
        except Unreadable:
            continue
        patterns = [pattern for line in lines if (pattern := _pattern(line[:_LINE].strip())) is not None]
        found[path.rpartition("/")[0]] = patterns
    return found


def _pattern(line: str) -> Pattern | None:
    kept = line.startswith("!")
    text = line.removeprefix("!").removeprefix("\\")
    if not text or line.startswith("#"):
        return None
    steps = tuple(text.strip("/").split("/"))
    if not steps[0]:
        return None
    return Pattern(steps, "/" in text.rstrip("/"), text.endswith("/"), kept)
