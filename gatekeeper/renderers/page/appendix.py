"""What else the verdict rests on: waivers, evidence, what is here, the files, and what was not asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gatekeeper import waivers
from gatekeeper.audit import Report
from gatekeeper.models.evidence import Analysed, Evidence
from gatekeeper.renderers.page.markup import (
    NOTHING,
    Markup,
    Section,
    code,
    counted,
    element,
    joined,
    listed,
    spot,
    table,
    text,
)
from gatekeeper.renderers.page.proof import BINDINGS, moment, until
from gatekeeper.renderers.stack import Used, stack
from gatekeeper.rule import Place, place

_ROWS = 200  # of excuses and of evidence
_FILES = 500


def sections(report: Report) -> Iterator[Section]:
    yield _waivers(report)
    yield _evidence(report)
    yield _stack(report)
    yield _files(report)
    yield _left_out(report)


def _waivers(report: Report) -> Section:
    project = report.project
    standings = waivers.standings(report.outcomes, report.findings, project, project.criteria)
    standings.sort(key=lambda each: (str(each.excuse.end or ""), each.excuse.path, each.excuse.span))
    headings = ("What", "Where", "Reason", "By", "Until", "Counts")
    rows = [_waiver(each, report) for each in standings[:_ROWS]]
    shown = (table(headings, rows, "Waivers"), _more(len(standings) - _ROWS)) if rows else ()
    return Section("waivers", f"Waivers ({len(standings)})", joined(shown))


def _waiver(standing: waivers.Standing, report: Report) -> Iterable[Markup]:
    excuse, today = standing.excuse, report.project.today
    by = f"{excuse.by}, approved by {excuse.approved_by}" if excuse.approved_by else excuse.by
    wrong = standing.words or excuse.problem(today)
    yield code(excuse.criterion or ", ".join(excuse.rules) or "nothing that can be told")
    yield joined((text(excuse.scope), element("p", spot(place(excuse)), class_="note")))
    yield text(excuse.reason)
    yield text(by)
    yield text(until(excuse, today))
    yield text(f"{standing.state}: {wrong}" if wrong else standing.state)


def _evidence(report: Report) -> Section:
    found = report.project.all(Evidence)
    ran = report.project.all(Analysed)
    headings = ("Artifact", "Format", "Bound", "Commit", "Made", "Trouble")
    rows = [_artifact(each) for each in found[:_ROWS]]
    shown = table(headings, rows, "Evidence") if rows else NOTHING
    analysers = listed(map(_analyser, ran), "plain")
    content = joined((shown, _more(len(found) - _ROWS), analysers))
    return Section("evidence", f"Evidence ({len(found)})", content)


def _artifact(each: Evidence) -> Iterable[Markup]:
    origin, trouble = each.origin, each.trouble
    commit = f"{origin.commit[:7]}{' (dirty)' if origin.dirty else ''}"
    yield code(each.path)
    yield text(each.format or "not recognised")
    yield text(BINDINGS[origin.binding])
    yield code(commit) if origin.commit else text("names none")
    yield text(moment(origin.made) if origin.made else "not known")
    yield text(f"{trouble.reason}: {trouble.message}" if trouble else "none")


def _analyser(each: Analysed) -> Markup:
    name = f"{each.tool} {each.version}".strip()
    said = f"said nothing ({each.reason}): {each.message}" if each.scan is None else "ran beside this audit"
    return text(f"{name} {said}")


def _stack(report: Report) -> Section:
    found = stack(report)
    headings = ("Group", "Technology", "Shown by", "Judged")
    shown = table(headings, map(_used, found), "Technologies") if found else NOTHING
    return Section("technologies", f"Technologies ({len(found)})", shown)


def _used(each: Used) -> Iterable[Markup]:
    technology, sign = each.technology, each.technology.shown_by
    yield text(technology.group)
    yield text(f"perhaps {technology.name}" if technology.maybe else technology.name)
    yield joined((spot(sign.at), text(f" {sign.what}")))
    yield text(each.words)


def _files(report: Report) -> Section:
    project = report.project
    words = f"{counted(len(project.files), 'file')} judged by {counted(len(report.rules), 'rule')}."
    faults = [
        joined((spot(Place(each.source, each.span)), text(f" {each.message} ({each.reason})")))
        for each in project.faults[:_FILES]
    ]
    skipped = [joined((code(each.path), text(f": {each.reason}"))) for each in project.skipped[:_FILES]]
    judged = [code(each.path) for each in project.files[:_FILES]] if report.shown.files else []
    return Section("files", "Files", joined((
        element("p", text(words)),
        _folded(len(project.faults), "not readable", faults),
        _folded(len(project.skipped), "skipped", skipped),
        _folded(len(project.files) if judged else 0, "judged", judged),
    )))  # fmt: skip


def _left_out(report: Report) -> Section:
    """Criteria that this run did not ask about: they are not passed."""
    level = report.settings.service.level
    by_profile = _folded(len(report.left_out), f"left out by the profile {report.profile}", map(code, report.left_out))
    by_level = _folded(len(report.not_asked), f"not asked at level {level}", map(code, report.not_asked))
    words = element("p", text("This run did not ask about these criteria. They are not passed."))
    return Section("left-out", "Left out", joined((words, by_profile, by_level)) if by_profile or by_level else NOTHING)


def _folded(number: int, words: str, items: Iterable[Markup]) -> Markup:
    """A list behind its count."""
    if not number:
        return NOTHING
    summary = element("summary", text(f"{number:,} {words}"))
    return element("details", summary, listed(items, "plain"), _more(number - _FILES))


def _more(number: int) -> Markup:
    return element("p", text(f"and {number:,} more"), class_="note") if number > 0 else NOTHING
