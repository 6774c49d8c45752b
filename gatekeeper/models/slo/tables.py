"""Objectives in a document: a table with a column for the target, below a heading or with headers that speak of them.

Numbers in running text are no promise: they tell what an objective is, or what one was once. Nor is a table that is
said to be an example, a template or a proposal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.models.slo import Objective
from gatekeeper.models.slo.targets import Target, subject, targets, window, with_unit
from gatekeeper.node import Node, Source, regex
from gatekeeper.parsers import markdown
from gatekeeper.parsers.markdown import Document, Table

_SERVICE = regex(
    r"(?:target )?(?:service|component|system|application|app|journey|user journey|critical path|critical journey"
    r"|endpoint|api|workload|service/component|service name)s?\Z"
)
_INDICATOR = regex(
    r"(?:sli|service level indicator|indicator|metric|metric name|measure|signal|sli metric|sli name|sli type|name"
    r"|slo name|kpi|attribute|area|flow|operation|capability|scope|dimension|feature|user journey|journey)s?\Z"
)
_TARGET = regex(
    r"(?:slo )?targets?\Z|target slo\Z|(?:slo )?objectives?\Z|goal\Z|slo goal\Z|slo threshold\Z|target value\Z|ziel\Z"
    r"|objectif\Z|cible\Z|service level objective\Z"
)
_SLO = regex(r"slos?\Z")
_WINDOW = regex(r"(?:(?:slo|measurement|rolling|time|compliance) )?(?:window|period)s?\Z")
_UNIT = regex(r"units?\Z")
_MEANT = regex(r"\bslos?\b|\bslis?\b|service[- ]level (?:objective|indicator|target)", 2)
_NOT_MEANT = regex(
    r"\b(?:examples?|templates?|samples?|glossary|concepts?|terminology|proposed|proposals?|suggested|suggestions?"
    r"|recommended|recommendations?|drafts?|candidates?|aspirational|how to|tutorial|typical|beispiele?)\b", 2
)  # fmt: skip
_NOT_OURS = regex(
    r"(?:^|/)(?:\.[^/]{1,60}|skills?|prompts?|agents?|templates?|examples?|samples?|training|courses?|tutorials?"
    r"|workshops?|lessons?|interviews?|blog|posts?|cheat-?sheets?|learning|exercises?|labs?|reports?|postmortems?)/"
    r"|(?:report|changelog|postmortem)[^/]{0,60}\Z|(?:^|/)(?:claude|agents|gemini|copilot-instructions)\.md\Z", 2
)  # fmt: skip
_ASIDE = regex(r"\([^()]{0,100}\)|\[[^\[\]]{0,100}\]")
# Columns of what came out: such a table reports on a run, and repeats the target beside it.
_RESULT = regex(r"(?:results?|actual.{0,20}|achieved|status|current.{0,20}|observed|measured|outcome|value|pass(?:ed)?"
                r"|compliance|trend|baseline)\Z")  # fmt: skip
_ROWS = 300


class _Columns(NamedTuple):
    service: int | None
    indicators: tuple[int, ...]
    target: int
    window: int | None
    unit: int | None


def objectives(source: Source) -> Iterator[Objective]:
    """The promises of the tables of a document."""
    if _NOT_OURS.search(source.path):
        return
    document = source.once(markdown.parse)
    for table in document.tables:
        columns = _columns(table)
        if columns is not None:
            above = _headings(table, document)
            meant = any(_MEANT.search(cell.text) for cell in table.header) or any(_MEANT.search(text) for text in above)
            if meant and not any(_NOT_MEANT.search(text) for text in above):
                yield from _rows(table, columns, above[-1] if above else "")


def _headings(table: Table, document: Document) -> list[str]:
    """The headings that a table stands below, the nearest last."""
    return [section.heading.text for section in document.sections if section.holds(table.node)]


def _columns(table: Table) -> _Columns | None:
    said = [_ASIDE.sub("", cell.text).replace("*", "").strip().lower() for cell in table.header]
    if any(_RESULT.match(text) for text in said):
        return None
    target = _first(said, _TARGET)
    slo = _first(said, _SLO)
    if target is None:
        target, slo = slo, None
    if target is None:
        return None
    service = _first(said, _SERVICE)
    indicators = [at for at, text in enumerate(said) if _INDICATOR.match(text) and at not in (target, service)]
    if slo is not None:
        indicators.insert(0, slo)
    if not indicators and service is None:
        return None
    return _Columns(service, tuple(dict.fromkeys(indicators)), target, _first(said, _WINDOW), _first(said, _UNIT))


def _first(said: list[str], pattern: re.Pattern[str]) -> int | None:
    return next((at for at, text in enumerate(said) if pattern.match(text)), None)


def _rows(table: Table, columns: _Columns, heading: str) -> Iterator[Objective]:
    service = ""
    for row in table.rows[:_ROWS]:
        if columns.target >= len(row) or not row[columns.target].text.strip():
            continue
        named = _cell(row, columns.service)
        service = named if named.strip(" -–—\"'") else service
        target = row[columns.target]
        sli = " ".join(filter(None, (_cell(row, at) for at in columns.indicators[:1])))
        more = " ".join(_cell(row, at) for at in columns.indicators[1:])
        spoken = sli or (heading if len(heading) < 80 else "")
        said = window(_cell(row, columns.window)) or window(target.text.partition("%")[2])
        text = with_unit(target.text, _cell(row, columns.unit), table.header[columns.target].text, spoken, more)
        for each in _promised(spoken, more, text):
            yield Objective(
                target, form="a table", service=service or subject(sli), sli=sli, indicator=each.indicator,
                comparator=each.comparator, limit=each.limit, quantile=each.quantile, window=said,
                words=" ".join([spoken, more, *(cell.text for cell in row)])[:1000],
            )  # fmt: skip


def _promised(spoken: str, more: str, target: str) -> list[Target]:
    found = targets(spoken, target)
    if more and found and all(each.indicator == "other" for each in found):
        found = targets(more, target)
    return found


def _cell(row: list[Node], at: int | None) -> str:
    return row[at].text.strip() if at is not None and at < len(row) else ""
