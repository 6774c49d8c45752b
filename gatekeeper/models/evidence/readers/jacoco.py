"""JaCoCo's XML (https://www.jacoco.org/jacoco/trunk/coverage/report.dtd), which Kover writes too.

Lines are counted from the `<line>`s of source files (one is covered when an instruction of it is), or from a file's own
counter where it lists none; instructions, branches and methods from the counters of methods, because code that was
compiled without line numbers has no lines. Counters of classes, packages and the report are not read.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterator

from gatekeeper.models.evidence import markup, tally
from gatekeeper.models.evidence.artifact import Artifact
from gatekeeper.models.evidence.facts import Coverage, Facts, Ratio
from gatekeeper.models.evidence.tally import whole
from gatekeeper.parsers.xml import Event

_METRICS = {"INSTRUCTION": "instruction", "BRANCH": "branch", "METHOD": "function"}
_FIRST = {"sessioninfo", "group", "package", "counter"}
_MOST = 10**12


def recognises(artifact: Artifact) -> bool:
    begins = markup.opening(artifact)[:2]
    if not begins or begins[0].name != "report" or "name" not in begins[0].attributes:
        return False
    return b"//DTD Report 1." in artifact.head or (len(begins) > 1 and begins[1].name in _FIRST)


def read(artifact: Artifact) -> Iterator[Facts]:
    report = _Report()
    for event in markup.events(artifact):
        report.take(event)
    found = {metric: Ratio(report.covered[metric], number) for metric, number in report.all.items() if number}
    yield Coverage(metrics=tally.not_empty(found), made=report.made)


class _Report:
    """What was counted so far, and where in the document that was."""

    def __init__(self) -> None:
        self.covered: Counter[str] = Counter()
        self.all: Counter[str] = Counter()
        self.made: datetime.datetime | None = None
        self._path: list[str] = []
        self._lines = False  # whether the source file at hand lists its lines
        self._counter: tuple[int, int] = (0, 0)

    def take(self, event: Event) -> None:
        if not event.opens:
            self._path.pop()
            if event.name == "sourcefile" and not self._lines:
                self._add("line", *self._counter)
            return
        above = self._path[-1] if self._path else ""
        self._path.append(event.name)
        if event.name == "line" and above == "sourcefile":
            self._lines = True
            covered = whole(event.attributes.get("ci"), "`ci`", event.line, _MOST) > 0
            self._add("line", int(covered), int(not covered))
        elif event.name == "counter" and above in ("method", "sourcefile"):
            self._count(event, above)
        elif event.name == "sourcefile":
            self._lines, self._counter = False, (0, 0)
        elif event.name == "sessioninfo":  # the coverage is no younger than its oldest part
            self.made = min(filter(None, (self.made, _time(event.attributes.get("dump", "")))), default=None)

    def _count(self, event: Event, above: str) -> None:
        kind = event.attributes.get("type", "")
        if kind not in _METRICS and kind != "LINE":
            return
        covered = whole(event.attributes.get("covered"), "`covered`", event.line, _MOST)
        missed = whole(event.attributes.get("missed"), "`missed`", event.line, _MOST)
        if above == "method" and kind in _METRICS:
            self._add(_METRICS[kind], covered, missed)
        elif above == "sourcefile" and kind == "LINE":
            self._counter = (covered, missed)

    def _add(self, metric: str, covered: int, missed: int) -> None:
        self.covered[metric] += covered
        self.all[metric] += covered + missed


def _time(dump: str) -> datetime.datetime | None:
    """Milliseconds since 1970."""
    if not re.fullmatch(r"\d{13}", dump, re.ASCII):
        return None
    return datetime.datetime.fromtimestamp(int(dump[:10]), datetime.UTC)
