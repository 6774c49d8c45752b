"""Source lines around a place, with what is meant marked. Lines that hold secrets, or may, are not shown."""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Iterator

from gatekeeper.audit import Report
from gatekeeper.discover import Unreadable
from gatekeeper.models import Subject
from gatekeeper.node import Span
from gatekeeper.renderers.page.markup import NOTHING, Markup, element, joined, text
from gatekeeper.renderers.places import Excerpts, is_repository
from gatekeeper.renderers.sanitise import pieces
from gatekeeper.rule import Place

_CONTEXT = 3  # lines above and below
_TALLEST = 10  # lines of a place
_WIDEST = 240  # characters of a line
_MANY = 50  # secrets in one file
_WITHHELD = element("p", text("Other lines are not shown: a secret stands among them, or may."), class_="note")
_EVERY_LINE = range(1, 1 << 62)


class Sources:
    """What stands at the places of a report, as far as it may be shown."""

    def __init__(self, report: Report) -> None:
        self._excerpts = Excerpts(report)
        self._kept_back = _near_secrets(report)

    def excerpt(self, at: Place) -> Markup:
        """The lines of a place and around it; nothing where there is none to show."""
        if is_repository(at) or self._excerpts.is_artifact(at):
            return NOTHING
        try:
            count = len(at.source.lines)
        except Unreadable:
            return NOTHING
        around = _around(at.span, count)
        numbers = [number for number in around if self._may_be_shown(at, number)]
        withheld = len(numbers) < len(around)
        filled = [number for number in numbers if at.source.line(number).strip()]
        if not filled:
            return NOTHING
        numbers = [number for number in numbers if filled[0] <= number <= filled[-1]]
        lines = element("pre", *(self._row(at, number) for number in numbers), class_="source")
        return joined((lines, _WITHHELD)) if withheld else lines

    def _may_be_shown(self, at: Place, number: int) -> bool:
        if number == at.span.line:
            return True
        kept_back = any(number in lines for lines in self._kept_back.get(at.source.path, ()))
        return not kept_back and not self._excerpts.suspicious(at.source.line(number))

    def _row(self, at: Place, number: int) -> Markup:
        here = Place(at.source, Span(number, 1, number, 1))
        line = self._excerpts.line(here) or ""
        begin, end = _whole(line) if self._excerpts.masked(here) else _marked(at.span, number, line)
        meant = at.span.line <= number <= _last(at.span)
        inner = _marked_line(line, begin, end) if meant else _plain(line)
        label = element("span", text(f"{number} "), class_="n")
        return element("span", label, element("code", inner, Markup("\n")), class_="row meant" if meant else "row")


def _near_secrets(report: Report) -> dict[str, list[range]]:
    """Lines that may hold secrets beside the one that was found, by path: all of the smallest subject around it.

    The whole file, where no subject of several lines is known around it (a state file is one secret from end to end),
    and where there are many.
    """
    found: dict[str, list[Place]] = defaultdict(list)
    for secret in dict.fromkeys(report.secrets):
        found[secret.source.path].append(secret)
    extents: dict[str, list[Span]] = {path: [] for path in found}
    for subject in report.project.all(Subject):
        if subject.path in extents:
            extents[subject.path].append(subject.node.span)
    return {
        path: [_around_secret(secret.span, extents[path]) for secret in secrets]
        if len(secrets) <= _MANY
        else [_EVERY_LINE]
        for path, secrets in found.items()
    }


def _around_secret(secret: Span, extents: list[Span]) -> range:
    around = [
        range(each.line, each.end_line + 1)
        for each in extents
        if each.line <= secret.line and secret.end_line <= each.end_line and each.line < each.end_line
    ]
    return min(around, key=len, default=_EVERY_LINE)


def _last(span: Span) -> int:
    """The last line that a place reaches into; one that ends where a line begins does not reach into that."""
    last = span.end_line - 1 if span.end_column <= 1 else span.end_line
    return max(last, span.line)


def _around(span: Span, count: int) -> range:
    tallest = min(_last(span), span.line + _TALLEST - 1)
    below = _CONTEXT if tallest == _last(span) else 0
    return range(max(span.line - _CONTEXT, 1), min(tallest + below, count) + 1)


def _marked(span: Span, number: int, line: str) -> tuple[int, int]:
    """The columns of a line that belong to a place, the end excluded."""
    begin, end = _whole(line)
    begin = span.column if number == span.line else begin
    end = span.end_column if number == span.end_line else end
    return begin, max(end, begin)


def _whole(line: str) -> tuple[int, int]:
    return len(line) - len(line.lstrip()) + 1, len(line.rstrip()) + 1


def _marked_line(line: str, begin: int, end: int) -> Markup:
    """A line with a part of it marked; of a long one, what stands around that."""
    start = max(min(begin - _WIDEST // 3, len(line) - _WIDEST), 0) if len(line) > _WIDEST else 0
    stop = min(start + _WIDEST, len(line))
    first, last = (min(max(column - 1, start), stop) for column in (begin, end))
    parts = [_plain(line[start:first], longest=_WIDEST)]
    if last > first:
        parts.append(element("mark", _plain(line[first:last])))
    parts.append(_plain(line[last:stop]))
    before, after = ("…" if start else ""), ("…" if stop < len(line) else "")
    return joined((text(before), *parts, text(after)))


def _plain(line: str, longest: int = _WIDEST) -> Markup:
    return Markup(html.escape("".join(_shown(line[:longest]))) + ("…" if len(line) > longest else ""))


def _shown(line: str) -> Iterator[str]:
    return ("    " if character == "\t" else piece for character, piece in zip(line, pieces(line), strict=True))
