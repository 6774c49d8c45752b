"""Cobertura's XML (https://cobertura.sourceforge.net/xml/coverage-04.dtd), which many tools write.

Rates and totals are not read. A class lists its lines, and each of its methods may list them again: those of the class
are counted, those of the methods only in a file for which no class lists any. Classes of one file share its lines.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from gatekeeper.models.evidence import markup, tally
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Coverage, Facts
from gatekeeper.models.evidence.tally import Tally, whole
from gatekeeper.parsers.xml import Event

_LINE = 10**9  # no file has more lines
_BRANCHES = 10_000  # nor a line more branches
_CONDITIONS = re.compile(r"\s*[\d.,]{1,20}\s?%?\s?\((\d{1,9})/(\d{1,9})\)\s*", re.ASCII)


def recognises(artifact: Artifact) -> bool:
    begins = markup.opening(artifact)[:1]
    return bool(begins) and begins[0].name == "coverage" and "line-rate" in begins[0].attributes


def read(artifact: Artifact) -> Iterator[Facts]:
    own, methods = Tally(), Tally()
    made, path, within = None, "", own
    for event in markup.events(artifact):
        if not event.opens:
            within = own if event.name == "methods" else within
        elif event.name == "line":
            _line(within, path, event)
        elif event.name == "class":
            path = event.attributes.get("filename", "")
            own.file(path, event.line)
        elif event.name == "methods":
            within = methods
        elif event.name == "coverage":
            made = _made(event.attributes.get("timestamp", ""))
    counted = [own.ratios(name) if own.has(name, "line") else methods.ratios(name) for name in own.files]
    yield Coverage(metrics=tally.not_empty(tally.total(counted)), made=made)


def _line(counts: Tally, path: str, event: Event) -> None:
    number = whole(event.attributes.get("number"), "`number`", event.line, _LINE)
    hits = whole(event.attributes.get("hits"), "`hits`", event.line)
    counts.count(path, "line", number, hits > 0, event.line)
    conditions = event.attributes.get("condition-coverage")
    if not conditions:
        return
    match = _CONDITIONS.fullmatch(conditions)
    covered, branches = (int(match[1]), int(match[2])) if match else (1, 0)
    if covered > branches or branches > _BRANCHES:
        raise Unusable(
            "unreadable", f"expected `condition-coverage` as `50% (1/2)`, not {conditions[:30]!r}", event.line
        )
    for branch in range(branches):
        counts.count(path, "branch", number * _BRANCHES + branch, branch < covered, event.line)


def _made(timestamp: str) -> datetime.datetime | None:
    """Seconds or milliseconds since 1970, whichever the tool counts in."""
    if not re.fullmatch(r"\d{10}(?:\d{3})?", timestamp, re.ASCII):
        return None
    return datetime.datetime.fromtimestamp(int(timestamp[:10]), datetime.UTC)
