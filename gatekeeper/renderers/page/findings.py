"""What rules found: the gravest with their source, the others one line each, and how many are left out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from gatekeeper.audit import Report
from gatekeeper.gates import Criterion, Status
from gatekeeper.renderers.page.markup import (
    NOTHING,
    Markup,
    Section,
    badge,
    code,
    counted,
    element,
    joined,
    pairs,
    spot,
    text,
)
from gatekeeper.renderers.page.source import Sources
from gatekeeper.rule import Note, place
from gatekeeper.waivers import Reported

_EXCERPTS_OF_A_RULE = 20
_EXCERPTS = 300  # on the whole page
_LINES = 6_000  # findings on the whole page
_LINE = 400  # characters of a finding in one line
_NOTES = 5  # further places of one finding


class Findings:
    """The findings of a report, ready to be shown below the criterion they belong to."""

    def __init__(self, report: Report) -> None:
        self._sources = Sources(report)
        self._of_rule: dict[str, list[Reported]] = defaultdict(list)
        for each in report.findings:
            self._of_rule[each.rule.id].append(each)
        self._whole = _with_source(report.findings)
        self._short = {id(each) for each in report.findings[:_LINES]} - self._whole

    def rules(self) -> list[str]:
        return list(self._of_rule)

    def of(self, rule: str, criterion: Criterion | None = None) -> Markup:
        """Every finding of a rule: those that block first, as they come by gravity; then those that are waived."""
        mine = self._of_rule.get(rule, [])
        open_, waived = [each for each in mine if not each.waiver], [each for each in mine if each.waiver]
        blocking = _blocking(open_, criterion)
        effects = ["blocks"] * blocking + ["advisory"] * (len(open_) - blocking)
        if criterion is None:
            effects = [""] * len(open_)
        elif criterion.waiver:
            effects = ["waived with the criterion"] * len(open_)
        ranked = [*zip(open_, effects, strict=True), *((each, "waived") for each in waived)]
        whole = [self._finding(each, effect) for each, effect in ranked if id(each) in self._whole]
        short = [_one_line(each, effect) for each, effect in ranked if id(each) in self._short]
        return joined((*whole, _rest(short, bool(whole)), _left_out(len(ranked) - len(whole) - len(short))))

    def _finding(self, each: Reported, effect: str) -> Markup:
        inner = (
            element("p", *_heading(each, effect), class_="head"),
            element("p", text(each.finding.message), class_="message"),
            self._sources.excerpt(each.at),
            *(self._note(note) for note in each.finding.see[:_NOTES]),
            _left_out(len(each.finding.see) - _NOTES, "further place", "further places"),
            pairs(_particulars(each)),
        )
        return element("article", *inner, class_="finding", data_severity=each.severity)

    def _note(self, note: Note) -> Markup:
        at = place(note.at)
        words = element("p", spot(at), text(f" {note.message}"))
        return element("div", words, self._sources.excerpt(at), class_="see")


def _rest(short: Sequence[Markup], more: bool) -> Markup:
    if not short:
        return NOTHING
    words = f"{counted(len(short), 'more finding' if more else 'finding')} without source lines"
    return joined((element("p", text(words), class_="note"), element("ul", *short, class_="lines")))


def _blocking(open_: Sequence[Reported], criterion: Criterion | None) -> int:
    """How many of them, the gravest, stand in the way: advisories are below the gate's threshold, so less grave."""
    if criterion is None or Status.FAIL not in (criterion.status, criterion.beneath):
        return 0
    return max(len(open_) - criterion.advisories, 0)


def _with_source(findings: Iterable[Reported]) -> set[int]:
    """The ids of those that are shown with their source: the gravest of each rule, none that is waived."""
    chosen: set[int] = set()
    of_rule: Counter[str] = Counter()
    for each in findings:
        if not each.waiver and of_rule[each.rule.id] < _EXCERPTS_OF_A_RULE and len(chosen) < _EXCERPTS:
            of_rule[each.rule.id] += 1
            chosen.add(id(each))
    return chosen


def _heading(each: Reported, effect: str) -> Iterable[Markup]:
    tag = element("span", text(effect), class_="effect") if effect else NOTHING
    return badge(each.severity), Markup(" "), spot(each.at), Markup(" "), tag


def _particulars(each: Reported) -> Iterable[tuple[str, Markup]]:
    fix = each.finding.fix
    yield "Help", text(fix.description) if fix else NOTHING
    yield "Also", text(", ".join(each.also)) if each.also else NOTHING
    yield "Fingerprint", code(each.fingerprint)


def _one_line(each: Reported, effect: str) -> Markup:
    words = f" {each.finding.message}"
    if each.waiver:
        words += f" (waived until {each.waiver.end}: {each.waiver.reason})"
    inner = (*_heading(each, effect), text(words, _LINE), Markup(" "), element("small", code(each.fingerprint)))
    return element("li", *inner, data_severity=each.severity)


def _left_out(number: int, one: str = "further finding", many: str = "further findings") -> Markup:
    if number <= 0:
        return NOTHING
    words = f"{counted(number, one, many)} not on this page; the report in JSON has them all"
    return element("p", text(words), class_="note")


def orphans(findings: Findings, report: Report) -> Section:
    """What rules found that belong to no gate on this page; all of it, where no gate is shown."""
    shown = {criterion.id for gate in report.gates for criterion in gate.criteria} if report.shown.table else set()
    blocks = [
        element("section", element("h3", code(rule)), findings.of(rule), class_="body")
        for rule in findings.rules()
        if rule not in shown
    ]
    return Section("findings", "Findings of no gate" if report.shown.table else "Findings", joined(blocks))
