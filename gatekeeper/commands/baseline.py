"""Excuse what is found today for a while, so that what is new stands out: .gatekeeper/baseline.jsonl.

`create` writes the findings of an audit; what is known already keeps its term unless --renew is given. `prune` drops
the lines whose finding is gone. No line hides what is not known, what crashed, or what people attest.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from gatekeeper.audit import Report
from gatekeeper.commands.arguments import PROFILES, Wrong
from gatekeeper.commands.audit import report_of
from gatekeeper.days import day
from gatekeeper.discover import SIZE_LIMIT, Unwritable, discover, write_below
from gatekeeper.models.waivers import BASELINE, LONGEST, LONGEST_FOR_CRITICAL, Baselined, Entry
from gatekeeper.renderers.sanitise import visible
from gatekeeper.waivers import Judged, Reported, baselinable, encodable

EXAMPLES = f"""\
examples:
  gatekeeper baseline create --reason "before the gate, SHOP-12" --by ana
  gatekeeper baseline create ../shop --select kubernetes --reason "moves in March" --by ana --until 2027-01-31
  gatekeeper baseline create --renew --reason "the move is late" --by ana
  gatekeeper baseline prune

A line holds for at most {LONGEST} days; one about a secret, or about something critical, for {LONGEST_FOR_CRITICAL}.
"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("create", "prune"))
    parser.add_argument("root", nargs="?", default=".", metavar="ROOT")
    parser.add_argument("--reason", default="", help="why what is found is excused (create)")
    parser.add_argument("--by", default="", metavar="NAME", help="who answers for it (create)")
    parser.add_argument(
        "--until", metavar="DATE", help=f"the last day, YYYY-MM-DD; by itself in {LONGEST} days (create)"
    )
    parser.add_argument(
        "--renew", action="store_true", help="a new term, reason and name also for what is known (create)"
    )
    parser.add_argument("--profile", choices=PROFILES, help="as for audit")
    parser.add_argument("--select", action="append", default=[], metavar="RULE", help="as for audit; other lines stay")
    parser.add_argument("--ignore", action="append", default=[], metavar="RULE", help="as for audit; other lines stay")
    parser.add_argument("--isolated", action="store_true", help="without the repository's gatekeeper.yaml")
    parser.add_argument("--plugin", action="append", default=[], metavar="NAME", help="load an installed plugin")


def run(options: argparse.Namespace) -> int:
    root = Path(options.root)
    until = _until(options.until) if options.action == "create" else None
    if options.action == "create":
        _asked(options)
    report = report_of(root, options)
    old = _lines(report)
    if options.action == "prune":
        return _prune(root, report, old)
    term = _Term(report.project.today, until, visible(options.by.strip()), visible(options.reason.strip()))
    return _create(root, report, old, term, renew=options.renew)


def _asked(options: argparse.Namespace) -> None:
    """Raises `Wrong` where a reason or a name is missing."""
    for name in ("reason", "by"):
        if not getattr(options, name).strip():
            raise Wrong(f"baseline create: --{name} is needed: an excuse says why and who answers for it")


def _until(given: str | None) -> datetime.date | None:
    if given is None:
        return None
    today = datetime.date.today()
    until = day(given)
    if until is None:
        raise Wrong(f"--until {given}: no date; write YYYY-MM-DD")
    if until < today:
        raise Wrong(f"--until {given}: is past")
    if (until - today).days > LONGEST:
        raise Wrong(f"--until {given}: at most {LONGEST} days are allowed, {today + datetime.timedelta(LONGEST)}")
    return until


class _Term(NamedTuple):
    """From when until when new lines hold, who answers for them, and why."""

    since: datetime.date
    until: datetime.date | None
    by: str
    reason: str

    def entry(self, each: Reported) -> Entry:
        grave = each.severity == "critical" or each.rule.gate == "secrets"
        last = self.since + datetime.timedelta(LONGEST_FOR_CRITICAL if grave else LONGEST)
        return Entry(
            each.fingerprint, each.rule.id, encodable(each.at.source.path), encodable(each.subject.name), each.severity,
            self.since, min(self.until or last, last), self.by, self.reason,
        )  # fmt: skip


def _lines(report: Report) -> list[Baselined]:
    """The lines there are. Raises `Wrong` when one cannot be read, or when git does not see the file."""
    root = Path(report.root)
    if os.path.lexists(root / BASELINE) and BASELINE not in report.project.tree:
        raise Wrong(f"{root / BASELINE}: git ignores it, so it counts for nobody; take it out of .gitignore")
    lines = report.project.all(Baselined)
    broken = next((line for line in lines if line.entry is None), None)
    if broken:
        words = broken.problem(report.project.today)
        raise Wrong(f"{root / BASELINE}:{broken.span.line}: {words}; correct it or delete the line")
    return lines


def _create(root: Path, report: Report, old: list[Baselined], term: _Term, *, renew: bool) -> int:
    found = {each.fingerprint: each for each in _findings(report) if each.waiver is None or _is_line(each)}
    known = {line.entry.fingerprint: line.entry for line in old if line.entry}
    made = {}
    for fingerprint, each in found.items():
        entry = term.entry(each)
        before = None if renew else known.get(fingerprint)
        if before:
            entry = msgspec.structs.replace(
                entry, since=before.since, until=before.until, by=before.by, reason=before.reason
            )
        made[fingerprint] = entry
    untold = {entry.fingerprint: entry for entry in _untold(report, old) if entry.fingerprint not in found}
    entries = [*made.values(), *untold.values()]
    _write(root, entries)
    new = len(made.keys() - known.keys())
    dropped = len(known.keys() - made.keys() - untold.keys())
    kept = len(entries) - new
    print(f"{root / BASELINE}: {_counted(len(entries), 'finding')}: {new} new, {kept} known, {dropped} dropped")
    for line in _remarks(root, report, entries):
        print(f"  {line}")
    return 0


def _prune(root: Path, report: Report, old: list[Baselined]) -> int:
    if not old:
        raise Wrong(f"{root / BASELINE}: there is no baseline; `gatekeeper baseline create` writes one")
    found = {each.fingerprint for each in _findings(report)}
    judged = Judged(report.outcomes, report.project)
    kept = {line.entry for line in old if line.entry and (line.entry.fingerprint in found or not judged.gone(line))}
    _write(root, kept)
    print(f"{root / BASELINE}: {_counted(len(kept), 'finding')}: {len(old) - len(kept)} dropped")
    return 0


def _findings(report: Report) -> Iterator[Reported]:
    return (each for each in report.findings if baselinable(each.rule))


def _is_line(each: Reported) -> bool:
    return isinstance(each.waiver, Baselined)


def _untold(report: Report, old: Iterable[Baselined]) -> Iterator[Entry]:
    """The lines of which this audit cannot tell whether they are still needed: their rules were not asked for."""
    judged = Judged(report.outcomes, report.project)
    return (line.entry for line in old if line.entry and not judged.gone(line))


def _remarks(root: Path, report: Report, entries: Iterable[Entry]) -> Iterator[str]:
    today = report.project.today
    for until, number in sorted(Counter(entry.until for entry in entries).items()):
        yield f"{number} expired on {until}: --renew gives a new term" if until < today else f"{number} until {until}"
    statuses = Counter(criterion.status.value for gate in report.gates for criterion in gate.criteria)
    hidden = [f"{statuses[status]} {status}" for status in ("UNKNOWN", "ERROR") if statuses[status]]
    if hidden:
        yield f"criteria that no baseline excuses: {', '.join(hidden)}"
    if BASELINE not in discover(root):
        yield "git ignores this file: it counts when it is in the repository; take it out of .gitignore"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _write(root: Path, entries: Iterable[Entry]) -> None:
    """Replace the baseline as a whole. Raises `Wrong`."""
    target = root / BASELINE
    rows = sorted(entries, key=lambda entry: (entry.path, entry.rule, entry.subject, entry.fingerprint))
    text = "".join(json.dumps(msgspec.to_builtins(entry)) + "\n" for entry in rows)
    if len(text) > SIZE_LIMIT:
        raise Wrong(f"{target}: {len(rows)} findings are more than a baseline holds; --select fewer rules")
    try:
        write_below(root, BASELINE, text.encode("ascii"), replace=True)
    except Unwritable as error:
        raise Wrong(str(error)) from None
