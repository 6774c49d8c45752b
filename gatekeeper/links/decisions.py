"""Which record took the place of a decision, and which records share a number."""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.links.documents import target_of
from gatekeeper.models.decisions import Decision
from gatekeeper.node import Node
from gatekeeper.parsers.markdown import Link
from gatekeeper.project import Project


class Successor(NamedTuple):
    """What is said to have replaced a decision: the record, or why there is none (`missing`). Neither: not known."""

    at: Node
    decision: Decision | None = None
    missing: str = ""


def successors(decision: Decision, project: Project) -> list[Successor]:
    """What a decision says it was superseded by, looked up among the records here."""
    return [_of(each, decision, project) for each in decision.successors]


def _of(said: Node | Link, decision: Decision, project: Project) -> Successor:
    if isinstance(said, Link):
        target = target_of(said, decision, project)
        if target is None:
            return Successor(said.node)
        if target.missing:
            return Successor(said.node, missing=target.missing)
        return Successor(said.node, _at(target.path, project))
    found = numbered(project).get((decision.folder, int(said.text)), [])
    if not found:
        return Successor(said, missing=f"no record {said.text} in {decision.folder}")
    return Successor(said, found[0])


def _at(path: str, project: Project) -> Decision | None:
    return next(iter(project.by(Decision, "path").get(path, [])), None)


def numbered(project: Project) -> dict[tuple[str, int], list[Decision]]:
    """The records by folder and number."""

    def make(project: Project) -> dict[tuple[str, int], list[Decision]]:
        found: dict[tuple[str, int], list[Decision]] = {}
        for each in project.all(Decision):
            if each.number is not None:
                found.setdefault((each.folder, each.number), []).append(each)
        return found

    return project.once("numbered decisions", make)
