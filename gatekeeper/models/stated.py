"""What a document states about itself under a name: `Status: accepted`, in whatever form people write it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from gatekeeper.models.docs import Document
from gatekeeper.node import Node, Span
from gatekeeper.parsers.markdown import front_matter, plain

_RULED = re.compile(r"[ \t|:-]{0,20}-[ \t|:-]{0,400}$")  # the line between the names and the rows
_MOST = 20_000  # characters from the beginning: what a document says of itself it says at the top


def stated(document: Document, names: str) -> Node | None:
    """The value that a document states under one of the names (an alternation), at its place; None when it does not.

    In front matter, in a heading, as the text of a section, as a line (`**Status**: accepted`), in a table.
    """
    return next(all_stated(document, names), None)


def all_stated(document: Document, names: str) -> Iterator[Node]:
    """What may be such a value, the likeliest first: two cells of a row are a name and a value, or a table's head."""
    text = document.source.text
    if not _pattern(names, "word").search(text):
        return
    head = len(front_matter(text))
    parts = document.parts
    if head:
        yield from _lines(document, names, 0, head, "front")
    for heading in parts.headings:
        found = _pattern(names, "heading").match(heading.text)
        if found:
            yield Node(found[1].strip(), document.source, heading.node.span)
    for section in parts.sections:
        if _pattern(names, "name").match(section.heading.text):
            said = next((each.node for each in parts.texts if section.holds(each.node)), None)
            yield said if said is not None else Node("", document.source, section.heading.node.span)
    yield from _lines(document, names, head, _MOST, "line")
    for table in parts.tables:
        for number, cell in enumerate(table.header):
            if _pattern(names, "name").match(cell.text) and table.rows and number < len(table.rows[0]):
                yield table.rows[0][number]
    yield from _columns(document, names)


def _columns(document: Document, names: str) -> Iterator[Node]:
    """The value below a column's name, in rows that are no table for want of a cell."""
    source = document.source
    blocks = [code.node.span for code in document.parts.codes]
    lines = source.text[:_MOST].split("\n")
    for number, (names_row, ruled, row) in enumerate(zip(lines, lines[1:], lines[2:], strict=False), 3):
        if "|" not in names_row or not _RULED.match(ruled) or any(b.line <= number <= b.end_line for b in blocks):
            continue
        for name, value in zip(_cells(names_row), _cells(row), strict=False):
            if value and _pattern(names, "name").match(name):
                column = row.index(value) + 1
                yield Node(plain(value), source, Span(number, column, number, column + len(value)))


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def _lines(document: Document, names: str, start: int, end: int, form: str) -> Iterator[Node]:
    source = document.source
    blocks = [code.node.span for code in document.parts.codes]
    for found in _pattern(names, form).finditer(source.text, start, end):
        span = source.span(found.start(1), found.end(1))
        if not any(block.line <= span.line <= block.end_line for block in blocks):
            in_row = found[0].lstrip().startswith("|")
            yield Node(plain(found[1].partition("|")[0] if in_row else found[1]).strip(" |\"'"), source, span)


@cache
def _pattern(names: str, form: str) -> re.Pattern[str]:
    before = r"(?:(?:adr|alert|incident|decision|current)[ ])?"
    number = r"(?:\d{1,2}[.)]?[ ])?"
    forms = {
        "word": rf"(?:{names})",
        "front": rf"^(?:{names})[ \t]*[:=][ \t]*(\S[^\n]{{0,300}})",
        "heading": rf"\W{{0,8}}{number}{before}(?:{names})[ ]?[:\-–—][ ]?(\S.{{0,300}})",
        "name": rf"\W{{0,8}}{number}{before}(?:{names})\W{{0,3}}\Z",
        "line": rf"^[ \t>*+|-]{{0,8}}[*_`]{{0,3}}{before}(?:{names})"
        r"(?:[ ]?:?[*_`]{0,3}[ \t]{0,9}[:|=]|\.[*_]{1,3})[ \t]{0,20}([^\s|][^\n]{0,300})",
    }
    return re.compile(forms[form], re.IGNORECASE | re.MULTILINE)
