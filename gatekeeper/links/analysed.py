"""Which results of other analysers say what one of our rules says already, about the same thing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gatekeeper.models.evidence import Analysed
from gatekeeper.project import Project


class Known(NamedTuple):
    """A finding of ours: every name that its rule goes by, and where it stands."""

    names: frozenset[str]
    path: str
    line: int


def agreements(analysed: Analysed, known: Iterable[Known]) -> dict[int, list[int]]:
    """For each result (by its number) the findings (by theirs) that say the same.

    Analysers name the line at which a resource begins, our rules the line at fault inside it: the last result of a
    check that begins at or before our line, and does not end before it, is about it. What was silenced says nothing.
    """
    if analysed.scan is None:
        return {}
    begins: dict[tuple[str, str], list[tuple[int, int]]] = {}
    problems = analysed.scan.problems
    for number, problem in enumerate(problems):
        for name in () if problem.suppressed else aliases(analysed.tool, problem.id):
            begins.setdefault((name, problem.path), []).append((problem.line, -number))
    found: dict[int, list[int]] = {}
    for index, each in enumerate(known):
        for name in each.names:
            above = [begin for begin in begins.get((name, each.path), ()) if begin[0] <= each.line]
            number = -max(above)[1] if above else -1
            if number >= 0 and each.line <= (problems[number].end_line or each.line):
                found.setdefault(number, []).append(index)
    return found


def aliases(tool: str, id: str) -> tuple[str, str]:
    """How rules write another tool's check among their aliases: ids that are plain words have the tool before them."""
    return id, f"{tool}:{id}"


def known_of(project: Project) -> list[Known]:
    """What our rules found, as the audit told the project before the late rules."""
    return [Known(*each) for each in project.found]


def also(project: Project) -> dict[int, tuple[str, ...]]:
    """For each finding of ours (by its number) the checks of other analysers that report it as well."""
    known = known_of(project)
    names: dict[int, list[str]] = {}
    for analysed in project.all(Analysed):
        for number, indexes in agreements(analysed, known).items():
            assert analysed.scan
            for index in indexes:
                names.setdefault(index, []).append(f"{analysed.tool} {analysed.scan.problems[number].id}")
    return {index: tuple(dict.fromkeys(each)) for index, each in names.items()}
