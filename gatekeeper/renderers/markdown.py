"""For a pull request or a job summary: the gate table and the findings, in Markdown. No source lines."""

from __future__ import annotations

from collections import Counter

from gatekeeper.audit import Report
from gatekeeper.renderers.places import is_repository
from gatekeeper.renderers.sanitise import markdown_code, markdown_text, printed
from gatekeeper.rule import Place, place
from gatekeeper.waivers import Reported

_LIMIT = 500  # findings; a job summary holds 1 MiB


def render(report: Report) -> str:
    service = report.settings.service.name
    title = f"## gatekeeper: {report.verdict}{f' ({markdown_text(service)})' if service else ''}"
    parts = [title, _counts(report)]
    if report.relaxed:
        parts.append(f"The settings relax: {markdown_text('; '.join(report.relaxed))}")
    if report.shown.table and report.gates:
        parts.append(_table(report))
    if report.findings and not report.shown.quiet:
        parts += ["### Findings", _findings(report)]
    open_ = _open(report) if report.shown.table and not report.shown.quiet else ""
    if open_:
        parts += ["### Not proven", open_]
    return printed("\n\n".join(parts) + "\n")


def _counts(report: Report) -> str:
    gates = Counter(gate.status.value for gate in report.gates)
    waived = sum(1 for each in report.findings if each.waiver)
    found = Counter(each.severity for each in report.findings if not each.waiver)
    parts = [f"profile {report.profile}"]
    parts += [f"{number} {status}" for status, number in sorted(gates.items())]
    grave = [f"{number} {severity}" for severity, number in found.items()] + ([f"{waived} waived"] if waived else [])
    parts += [f"findings: {', '.join(grave)}"] if grave else ["no finding"]
    if report.commit:
        parts.append(f"commit {markdown_text(report.commit.id[:7])}{' (dirty)' if report.commit.dirty else ''}")
    return " · ".join(parts)


def _table(report: Report) -> str:
    rows = ["| Gate | Criteria | Result | Status |", "|---|---|---|---|"]
    for gate in report.gates:
        cells = (*map(markdown_text, (gate.title, gate.statement, gate.result)), f"**{gate.status.value}**")
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _findings(report: Report) -> str:
    rows = ["| Severity | Rule | Place | What |", "|---|---|---|---|"]
    rows += [_finding(each) for each in report.findings[:_LIMIT]]
    more = len(report.findings) - _LIMIT
    return "\n".join([*rows, *([f"\n{more} more are not shown here."] if more > 0 else [])])


def _finding(each: Reported) -> str:
    finding = each.finding
    words = [markdown_text(finding.message)]
    words += [f"see {_where(place(note.at))}: {markdown_text(note.message)}" for note in finding.see]
    words += [f"help: {markdown_text(finding.fix.description)}"] if finding.fix else []
    words += [f"**WAIVED** until {each.waiver.end}: {markdown_text(each.waiver.reason)}"] if each.waiver else []
    return f"| {each.severity} | {markdown_code(each.rule.id)} | {_where(each.at)} | {'<br>'.join(words)} |"


def _open(report: Report) -> str:
    rows = []
    for gate in report.gates:
        for criterion in gate.criteria:
            if criterion.open:
                then = f"; next: {markdown_text(criterion.next_step)}" if criterion.next_step else ""
                why = markdown_text(", ".join(filter(None, (criterion.result, criterion.reason))))
                name = markdown_code(f"{gate.id}/{criterion.id}")
                rows.append(f"- {criterion.status.value} {name} {markdown_text(criterion.statement)}: {why}{then}")
    return "\n".join(rows)


def _where(at: Place) -> str:
    return "repository" if is_repository(at) else markdown_code(f"{at.source.path}:{at.span.line}")
