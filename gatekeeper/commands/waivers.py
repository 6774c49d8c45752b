"""What is excused: why, by whom, until when, and whether the excuse is still of use; what ends first comes first."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from gatekeeper.audit import Report
from gatekeeper.commands.arguments import PROFILES
from gatekeeper.commands.audit import report_of
from gatekeeper.renderers.sanitise import json_text, printed, visible
from gatekeeper.waivers import Standing, standings

EXAMPLES = """\
examples:
  gatekeeper waivers
  gatekeeper waivers ../shop --output json
  gatekeeper waivers --check                  exit 1 when one is expired, malformed or unused
"""

_BAD = ("expired", "malformed", "unused")
_HEADINGS = ("What", "Where", "Until", "Left", "State", "By", "Why")


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("root", nargs="?", default=".", metavar="ROOT")
    parser.add_argument("--profile", choices=PROFILES, help="as for audit; what is not judged is neither used nor not")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser.add_argument("--check", action="store_true", help=f"exit 1 when one is {', '.join(_BAD)}")
    parser.add_argument("--isolated", action="store_true", help="without the repository's gatekeeper.yaml")
    parser.add_argument("--plugin", action="append", default=[], metavar="NAME", help="load an installed plugin")


def run(options: argparse.Namespace) -> int:
    report = report_of(Path(options.root), options)
    found = _by_days_left(report)
    print(_json(found, report) if options.output == "json" else _text(found, report), end="")
    return 1 if options.check and any(each.state in _BAD for each in found) else 0


def _by_days_left(report: Report) -> list[Standing]:
    project = report.project
    project.verdicts = {criterion.id: criterion.status.value for gate in report.gates for criterion in gate.criteria}
    found = standings(report.outcomes, report.findings, project, project.criteria)
    return sorted(found, key=lambda each: (str(each.excuse.end or ""), each.excuse.path, each.excuse.span))


def _left(each: Standing, report: Report) -> int | None:
    return (each.excuse.end - report.project.today).days if each.excuse.end else None


def _problem(each: Standing, report: Report) -> str:
    return each.words or each.excuse.problem(report.project.today)


def _text(found: Sequence[Standing], report: Report) -> str:
    if not found:
        return "nothing is excused here\n"
    rows = [_HEADINGS, *(tuple(map(visible, _row(each, report))) for each in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    rows.insert(1, tuple("-" * width for width in widths))
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return printed("\n".join([*lines, "", _summary(found)])) + "\n"


def _row(each: Standing, report: Report) -> tuple[str, ...]:
    excuse = each.excuse
    left, problem = _left(each, report), _problem(each, report)
    return (
        excuse.criterion or ", ".join(excuse.rules),
        excuse.scope,
        str(excuse.end or ""),
        "" if left is None else f"{left} d",
        each.state,
        f"{excuse.by}, {excuse.approved_by}" if excuse.approved_by else excuse.by,
        "; ".join(filter(None, (problem, " ".join(filter(None, (excuse.reason, excuse.ticket)))))),
    )


def _summary(found: Sequence[Standing]) -> str:
    count = Counter(each.state for each in found)
    states = ", ".join(f"{number} {state}" for state, number in sorted(count.items()))
    return f"{len(found)} excuse{'s' if len(found) > 1 else ''}: {states}"


def _json(found: Sequence[Standing], report: Report) -> str:
    return json_text({"today": str(report.project.today), "excuses": list(_objects(found, report))})


def _objects(found: Sequence[Standing], report: Report) -> Iterator[dict[str, object]]:
    for each in found:
        excuse = each.excuse
        yield {
            "kind": excuse.kind,
            "rules": list(excuse.rules),
            "criterion": excuse.criterion,
            "scope": excuse.scope,
            "path": excuse.path,
            "line": excuse.span.line,
            "reason": excuse.reason,
            "by": excuse.by,
            "approved_by": excuse.approved_by,
            "ticket": excuse.ticket,
            "on": str(excuse.on) if excuse.on else None,
            "until": str(excuse.end) if excuse.end else None,
            "days_left": _left(each, report),
            "state": each.state,
            "problem": _problem(each, report),
        }
