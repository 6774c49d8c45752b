"""What documents promise about recovery: how long it takes (RTO) and how much may be lost (RPO)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.links.judged import documents
from gatekeeper.node import Node, regex
from gatekeeper.project import Project

_RTO = regex(r"\brto\b|recovery time objective", re.IGNORECASE)
_RPO = regex(r"\brpo\b|recovery point objective", re.IGNORECASE)
_DURATION = regex(r"(?:<|<=|≤|~|max\.?|at most|up to|under)?\s*(\d{1,6}(?:\.\d{1,3})?)\s*([a-z]*)\.?\Z", re.IGNORECASE)
_UNITS = {
    unit: seconds
    for units, seconds in (
        ("s sec secs second seconds", 1), ("m min mins minute minutes", 60), ("h hr hrs hour hours", 3_600),
        ("d day days", 86_400), ("w week weeks", 604_800),
    )
    for unit in units.split()
}  # fmt: skip


class Promise(NamedTuple):
    """What is promised of one component: the cells as written, None where there is no such column."""

    component: Node
    rto: Node | None
    rpo: Node | None


def promises(project: Project) -> list[Promise]:
    """The rows of tables with an RTO or RPO column, in the order of the documents."""
    return project.once("recovery promises", lambda project: list(_promises(project)))


def _promises(project: Project) -> Iterator[Promise]:
    for document in documents(project):
        if not (_RTO.search(document.source.text) or _RPO.search(document.source.text)):
            continue
        for table in document.parts.tables:
            rto, rpo = _column(table.header, _RTO), _column(table.header, _RPO)
            for row in table.rows if rto is not None or rpo is not None else ():
                if row and row[0].text:
                    yield Promise(row[0], _cell(row, rto), _cell(row, rpo))


def _column(header: list[Node], pattern: re.Pattern[str]) -> int | None:
    return next((at for at, cell in enumerate(header) if at and pattern.search(cell.text)), None)


def _cell(row: list[Node], at: int | None) -> Node | None:
    return row[at] if at is not None and at < len(row) and row[at].text.strip(" -–—") else None


def seconds(text: str) -> float | None:
    """A duration in seconds (`15 min`, `< 1 hour`, `0`); None for what is none."""
    found = _DURATION.match(text.strip())
    if not found:
        return None
    number = float(found[1])
    if not found[2]:
        return 0.0 if number == 0 else None
    unit = _UNITS.get(found[2].lower())
    return number * unit if unit else None
