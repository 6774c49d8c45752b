"""For people at a terminal: the gate table, the verdict, the findings with their source, and what is not proven.

Every status is a word; colour comes on top when it is asked for. Nothing is hidden by colour, width or count.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from gatekeeper.audit import Report
from gatekeeper.gates import Criterion, Gate, Status
from gatekeeper.renderers.places import Excerpts, is_repository
from gatekeeper.renderers.sanitise import pieces, printed, visible
from gatekeeper.rule import Place, place
from gatekeeper.waivers import Reported

WIDTH = 105
_NARROW = 80  # columns; below, the table goes without Criteria
_EXCERPTS = 5  # findings of one rule that are shown with their source; the others are one line each
_ALIKE = 2  # criteria that are open for one reason; more of them stand together
_TAB = "    "

_RED, _GREEN, _YELLOW, _MAGENTA, _CYAN, _FAINT = "31", "32", "33", "35", "36", "2"
_COLOURS = {
    "FAIL": _RED,
    "NOT READY": _RED,
    "critical": _RED,
    "high": _RED,
    "ERROR": _MAGENTA,
    "UNKNOWN": _YELLOW,
    "NOT PROVEN": _YELLOW,
    "medium": _YELLOW,
    "WAIVED": _CYAN,
    "ATTESTED": _CYAN,
    "low": _CYAN,
    "PASS": _GREEN,
    "READY": _GREEN,
    "PASSED": _GREEN,
    "N/A": _FAINT,
}


def render(report: Report) -> str:
    """The whole page, as `report.shown` asks for it."""
    page = _Page(report)
    blocks: list[list[str]] = []
    if report.shown.table:
        blocks += [[page.header(), *page.relaxed()], page.table(), [page.verdict()]]
    if not report.shown.quiet:
        blocks += page.findings()
        blocks += [page.open_questions()] if report.shown.table else []
        blocks += [page.files()] if report.shown.files else []
        blocks += [[page.summary()]]
    return printed("\n\n".join("\n".join(block) for block in blocks if block)) + "\n"


class _Page:
    def __init__(self, report: Report) -> None:
        self.report = report
        self.width = max(report.shown.width or WIDTH, 40)
        self.excerpts = Excerpts(report)

    def coloured(self, text: str, word: str = "") -> str:
        code = _COLOURS.get(word or text.strip())
        return f"\x1b[{code}m{text}\x1b[0m" if code and self.report.shown.colour else text

    def header(self) -> str:
        report = self.report
        parts = [f"gatekeeper {report.version}", f"profile {report.profile}"]
        if report.settings.service.name:
            parts.append(f"service {visible(report.settings.service.name)}")
        if report.commit:
            parts.append(f"commit {visible(report.commit.id[:7])} {'dirty' if report.commit.dirty else 'clean'}")
        return "  ".join(parts)

    def relaxed(self) -> list[str]:
        """What the repository's settings ask less of it."""
        said = self.report.relaxed
        return self._hanging("the settings relax: ", "; ".join(said)) if said else []

    # the table

    def table(self) -> list[str]:
        gates = self.report.gates
        if not gates:
            return []
        headings = ("Gate", "Criteria", "Result", "Status")
        rows = [tuple(map(visible, (gate.title, gate.statement, gate.result, gate.status.value))) for gate in gates]
        widths = _widths([max(len(row[n]) for row in (headings, *rows)) for n in range(4)], self.width)
        lines = [_row(headings, widths), "  ".join("-" * width for width in widths if width)]
        for row in rows:
            lines += self._wrapped(row, widths)
        return lines

    def _wrapped(self, row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
        cells = [
            textwrap.wrap(cell, width, break_on_hyphens=False) or [""] if width else [""]
            for cell, width in zip(row, widths, strict=True)
        ]
        for number in range(max(map(len, cells))):
            line = _row([cell[number] if number < len(cell) else "" for cell in cells], widths)
            status = cells[3][0]
            yield line[: -len(status)] + self.coloured(status) if number == 0 else line

    def verdict(self) -> str:
        report = self.report
        words = {Status.NOT_APPLICABLE: "n/a"}
        count = Counter(gate.status for gate in report.gates)
        statuses = (
            Status.PASS,
            Status.ATTESTED,
            Status.WAIVED,
            Status.FAIL,
            Status.ERROR,
            Status.UNKNOWN,
            Status.NOT_APPLICABLE,
        )
        counts = [f"{count[each]} {words.get(each, each.value.lower())}" for each in statuses if count[each]]
        decided, asked = _decided(report.gates)
        share = f" ({decided * 100 // asked} %)" if asked else ""
        tail = f"decided {decided} of {asked} criteria{share}{_not_judged(report)}"
        return "   ".join([self.coloured(report.verdict), "  ".join(counts) or "no gate", tail])

    # findings

    def findings(self) -> list[list[str]]:
        blocks: list[list[str]] = []
        by_rule = groupby(self.report.findings, key=lambda each: (each.severity, each.rule.id))
        for (severity, rule), group in by_rule:
            mine = list(group)
            loud = [each for each in mine if not each.waiver]
            blocks += [self._finding(each) for each in loud[:_EXCERPTS]]
            rest = [*loud[_EXCERPTS:], *(each for each in mine if each.waiver)]
            if rest:
                blocks.append([self._heading(severity, rule, f"{len(rest)} more"), *map(self._one_line, rest)])
        return blocks

    def _heading(self, severity: str, rule: str, where: str) -> str:
        left = f"{severity}  {rule}"
        gap = max(self.width - len(left) - len(where), 2)
        return f"{self.coloured(severity)}  {rule}{' ' * gap}{where}"

    def _finding(self, each: Reported) -> list[str]:
        at = each.at
        gutter = max([len(str(spot.span.line)) for spot in (at, *(place(note.at) for note in each.finding.see))])
        lines = [self._heading(each.severity, each.rule.id, _where(at))]
        lines += self._excerpt(at, each.finding.message, "^", gutter, each.severity)
        for note in each.finding.see:
            spot = place(note.at)
            lines.append(f"{' ' * gutter}--> {_where(spot)}")
            lines += self._excerpt(spot, note.message, "-", gutter, "")
        if each.also:
            lines += [f"{' ' * gutter} |", *self._hanging(f"{' ' * gutter} = also: ", ", ".join(each.also))]
        if each.finding.fix:
            lines += [f"{' ' * gutter} |", *self._hanging(f"{' ' * gutter} = help: ", each.finding.fix.description)]
        return lines

    def _one_line(self, each: Reported) -> str:
        line = f"  {_where(each.at)}  {visible(each.finding.message)}"
        if each.waiver:
            line += f"  (waived until {each.waiver.end}: {visible(each.waiver.reason)})"
        return line

    def _excerpt(self, at: Place, message: str, mark: str, gutter: int, severity: str) -> list[str]:
        """The source line, marks below what is meant, and the message behind them or below."""
        line = self.excerpts.line(at)
        edge = f"{' ' * gutter} |"
        if line is None:
            return [edge, *self._hanging(f"{edge} ", message)]
        first, last = at.span.column, at.span.end_column if at.span.end_line == at.span.line else len(line) + 1
        if self.excerpts.masked(at):
            first, last = len(line) - len(line.lstrip()) + 1, len(line) + 1
        shown, begin, end = _cut(line, first, last, self.width - gutter - 3)
        marks = " " * begin + self.coloured(mark * max(end - begin, 1), severity)
        numbered = [edge, f"{at.span.line:{gutter}} | {shown}"]
        if gutter + 4 + max(end, begin + 1) + len(message) <= max(self.width, WIDTH):
            return [*numbered, f"{edge} {marks} {visible(message)}"]
        return [*numbered, f"{edge} {marks}", *self._hanging(f"{edge} {' ' * min(begin, 24)}", message)]

    def _hanging(self, prefix: str, text: str) -> list[str]:
        room = max(self.width - len(prefix), 24)
        wrapped = textwrap.wrap(visible(text), room, break_on_hyphens=False, break_long_words=False) or [""]
        return [prefix + wrapped[0], *(" " * len(prefix) + more for more in wrapped[1:])]

    # what is not proven, and what was looked at

    def open_questions(self) -> list[str]:
        asked = [(gate, criterion) for gate in self.report.gates for criterion in gate.criteria if criterion.open]
        lines = ["Not proven:"] if asked else []
        alike: dict[tuple[str, Status, str], list[Criterion]] = {}
        for gate, criterion in asked:
            alike.setdefault((gate.id, criterion.status, _why(criterion)), []).append(criterion)
        for (gate_id, status, why), criteria in alike.items():
            word = self.coloured(f"{status.value:8}")
            if len(criteria) > _ALIKE:
                lines.append(f"  {word}  {gate_id}  {_together(criteria)}, all for one reason")
                lines += self._hanging(" " * 12, ", ".join(each.id for each in criteria))
            else:
                lines += [f"  {word}  {gate_id}/{_asked(each)}" for each in criteria]
            lines += self._hanging(" " * 12, why)
        return lines

    def files(self) -> list[str]:
        project = self.report.project
        judged = [f"  judged   {visible(file.path)}  {', '.join(file.technologies)}".rstrip() for file in project.files]
        skipped = [f"  skipped  {visible(skip.path)}  {visible(skip.reason)}" for skip in project.skipped]
        return ["Files:", *judged, *skipped]

    def summary(self) -> str:
        report = self.report
        waived = sum(1 for each in report.findings if each.waiver)
        count = Counter(each.severity for each in report.findings if not each.waiver)
        grave = ", ".join(f"{number} {severity}" for severity, number in count.items())
        found = _counted(count.total(), "finding") + (f" ({grave})" if grave else "")
        found += f", {waived} waived" if waived else ""
        unknown = sum(outcome.unknown for outcome in report.outcomes)
        known = f"; {unknown} not known" if unknown else ""
        judged, skipped = len(report.project.files), len(report.project.skipped)
        left = f", {skipped} skipped{'' if report.shown.files else ' (--show-files)'}" if skipped else ""
        crashed = [outcome.rule.id for outcome in report.outcomes if outcome.error]
        broken = f"; crashed: {', '.join(crashed)}" if crashed else ""
        return f"{found}{known}; {_counted(len(report.rules), 'rule')}, {_counted(judged, 'file')} judged{left}{broken}"


def _not_judged(report: Report) -> str:
    """How many criteria this run did not ask about, and why: they are not passed."""
    words = f"; {len(report.left_out)} not judged in this run" if report.left_out else ""
    level = report.settings.service.level
    return f"{words}; {len(report.not_asked)} not asked at level {level}" if report.not_asked else words


def _widths(natural: list[int], width: int) -> list[int]:
    """Column widths: Gate and Status as wide as they are, Result gives way first, Criteria goes below 80 columns."""
    gate, criteria, result, status = natural
    if width < _NARROW:
        return [gate, 0, min(result, max(width - gate - status - 4, 12)), status]
    room = width - gate - status - 6
    result = min(result, max(room - criteria, room // 2))
    return [gate, min(criteria, room - result), result, status]


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True) if width).rstrip()


def _decided(gates: Iterable[Gate]) -> tuple[int, int]:
    """How many of the applicable criteria have an answer."""
    statuses = [criterion.status for gate in gates for criterion in gate.criteria]
    asked = [status for status in statuses if status is not Status.NOT_APPLICABLE]
    return sum(1 for status in asked if status not in (Status.UNKNOWN, Status.ERROR)), len(asked)


def _why(criterion: Criterion) -> str:
    reason = f"{criterion.result}, {criterion.reason}" if criterion.reason else criterion.result
    at = criterion.proof[0] if criterion.proof else None
    where = f" at {_where(at)}" if at and not is_repository(at) else ""
    return f"{reason}{where}; next: {criterion.next_step}" if criterion.next_step else f"{reason}{where}"


def _asked(criterion: Criterion) -> str:
    return f"{criterion.id}  {visible(criterion.statement)}{'' if criterion.weighs else '  (an advisory at most)'}"


def _together(criteria: Sequence[Criterion]) -> str:
    light = sum(1 for each in criteria if not each.weighs)
    some = f"{light} of them an advisory" if light < len(criteria) else "advisories"
    return f"{len(criteria)} criteria" + (f"  ({some} at most)" if light else "")


def _where(at: Place) -> str:
    return "repository" if is_repository(at) else f"{visible(at.source.path)}:{at.span.line}:{at.span.column}"


def _cut(line: str, first: int, last: int, room: int) -> tuple[str, int, int]:
    """A line as it is shown, and where the marks begin and end below it; a long line is cut around them."""
    shown = [_TAB if character == "\t" else piece for character, piece in zip(line, pieces(line), strict=True)]
    shown = shown[: len(line.rstrip())]
    ends = [0]
    for piece in shown:
        ends.append(ends[-1] + _columns(piece))
    begin = ends[min(first - 1, len(shown))]
    end = ends[min(max(last - 1, first - 1), len(shown))]
    text = "".join(shown)
    if ends[-1] <= room:
        return text, begin, end
    start = max(min(begin - room // 3, len(text) - room), 0)
    more = start + room < len(text)
    cut = ("…" if start else "") + text[start + bool(start) : start + room - more] + ("…" if more else "")
    return cut, max(begin - start, 0), min(max(end - start, begin - start + 1), len(cut))


def _columns(piece: str) -> int:
    """How many columns of a terminal it takes."""
    if piece.isascii():
        return len(piece)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in piece)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
