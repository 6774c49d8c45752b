"""Workflow commands that put findings beside the lines of a pull request. Waived ones are left out."""

from __future__ import annotations

from gatekeeper.audit import Report
from gatekeeper.renderers.places import is_repository, path_of
from gatekeeper.renderers.sanitise import command_data, command_property
from gatekeeper.rule import place
from gatekeeper.waivers import Reported

_COMMANDS = {"critical": "error", "high": "error", "medium": "warning", "low": "notice"}


def render(report: Report) -> str:
    return "".join(f"{_command(each, report)}\n" for each in report.findings if not each.waiver)


def _command(each: Reported, report: Report) -> str:
    at = each.at
    properties = {"file": path_of(at, report), "title": f"{each.rule.id} ({each.severity})"}
    if not is_repository(at):
        properties |= {"line": str(at.span.line), "endLine": str(at.span.end_line)}
        if at.span.line == at.span.end_line:  # columns of one line only: the runner refuses others
            properties |= {"col": str(at.span.column), "endColumn": str(at.span.end_column)}
    words = [each.finding.message]
    for note in each.finding.see:
        spot = place(note.at)
        words.append(f"see {spot.source.path}:{spot.span.line}: {note.message}")
    words += [f"help: {each.finding.fix.description}"] if each.finding.fix else []
    listed = ",".join(f"{name}={command_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS.get(each.severity, 'notice')} {listed}::{command_data(chr(10).join(words))}"
