"""Markdown to headings, sections, tables, code, links and task lists, with places.

CommonMark with GitHub's tables, task lists and heading anchors. markdown-it-py finds the blocks, in linear time; what
stands inside a line is read here, because its inline tokens have no columns. HTML comments and front matter are
nobody's text. Links are given as written: nothing is decoded, so that a target can be found again in the file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple

from gatekeeper.node import Fault, Node, Source, Span, regex

SIZE = 2_000_000  # characters; the slowest input found takes 8 us a character

_FRONT_MATTER = regex(r"(---|\+\+\+)[ \t]*\r?\n(?:[^\n]*\n)*?\1[ \t]*(?:\r?\n|\Z)")
_TITLE = regex(r"^title[ \t]*[:=][ \t]*(.{1,300})$", re.MULTILINE)
_COMMENT = regex(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TASK = regex(r"\[([ xX])\][ \t]+")


class Heading(NamedTuple):
    """A heading: its place, its text without markup, and its anchor on GitHub."""

    node: Node
    level: int
    slug: str

    @property
    def text(self) -> str:
        return self.node.text


class Link(NamedTuple):
    """A link or an image, in Markdown or HTML: `node` is the target as written, at the place of the whole construct."""

    node: Node
    text: str
    is_image: bool = False
    is_html: bool = False

    @property
    def target(self) -> str:
        return self.node.text


class Code(NamedTuple):
    """A fenced or indented block: its language, its text, and each line at its place."""

    node: Node
    language: str
    lines: list[Node]


class Table(NamedTuple):
    """A table: the cells of its header and of each row, as text without markup at their places."""

    node: Node
    header: list[Node]
    rows: list[list[Node]]


class Task(NamedTuple):
    """An item of a task list."""

    node: Node
    checked: bool


class Text(NamedTuple):
    """What is read as one piece: a paragraph, the text of a list item, a cell below a table's header."""

    node: Node


class Section(NamedTuple):
    """A heading and the lines below it, up to the next heading of its level or above: subsections belong to it."""

    heading: Heading
    first: int
    last: int

    def holds(self, node: Node) -> bool:
        """Whether something stands below the heading and belongs to it."""
        return self.first <= node.span.line <= self.last


class Document(NamedTuple):
    """One file. All lists are in the order of the text."""

    title: str
    headings: list[Heading]
    texts: list[Text]
    codes: list[Code]
    spans: list[Node]  # `code` in running text
    links: list[Link]
    tables: list[Table]
    tasks: list[Task]
    anchors: frozenset[str]  # of headings and of HTML ids, in lower case
    sections: list[Section]
    faults: list[Fault]


def parse(source: Source) -> Document:
    """The parts of a Markdown file. Never raises for what the text holds."""
    if len(source.text) > SIZE:
        words = f"longer than {SIZE // 1_000_000} million characters: not read"
        fault = Fault(source, Span(1, 1, 1, 1), words, technology="docs")
        return Document("", [], [], [], [], [], [], [], frozenset(), [], [fault])
    return _Reader(source).document()


def front_matter(text: str) -> str:
    """The YAML or TOML block that a text opens with, its fences included; '' when there is none."""
    if not text.startswith(("---", "+++")):
        return ""
    found = _FRONT_MATTER.match(text)
    return found[0] if found else ""


def title_of(text: str) -> str:
    """The title that a text's front matter or first heading gives it. Reads only the beginning, and no markup."""
    head = front_matter(text)
    named = _TITLE.search(head)
    if named:
        return named[1].strip().strip("\"'")
    lines = text[len(head) : len(head) + 5000].splitlines()
    for line, below in pairwise([*lines, ""]):
        words = line.lstrip(" ")
        marks = len(words) - len(words.lstrip("#"))
        if marks in (1, 2) and len(line) - len(words) < 4 and words[marks : marks + 1] in (" ", "\t"):
            return plain(words[marks:].strip().rstrip("#").strip())
        if (
            line[:1].strip()
            and len(below) > 2
            and below.rstrip() in ("=" * len(below.rstrip()), "-" * len(below.rstrip()))
        ):
            return plain(line.strip())
    return ""


def slug(text: str) -> str:
    """The anchor GitHub makes of a heading's plain text, before it is numbered."""
    return "".join(c for c in text.strip().lower().replace(" ", "-") if c in "-_" or _is_word(c))


def _is_word(character: str) -> bool:
    if character.isascii():
        return character.isalnum()
    from unicodedata import category

    kind = category(character)
    return kind[0] in "LM" or kind in ("Nd", "Nl", "Pc")


_EMPHASIS = regex(r"(?<!\w)(_{1,3})(?=\S)([^_]{1,300})(?<=\S)\1(?!\w)")


References = Mapping[str, Any]  # normalized label to what markdown-it-py knows of its definition


def plain(text: str, references: References = MappingProxyType({})) -> str:
    """Inline markup taken away: what a reader sees, in one line."""
    return " ".join(_visible(text, references).split())


def _visible(text: str, references: References) -> str:
    kept: list[str] = []
    at = 0
    for start, end, words in sorted(edit for piece in scan(text, references) for edit in _as_read(text, piece)):
        if start >= at:
            kept += (_without_marks(text[at:start]), words)
            at = end
    kept.append(_without_marks(text[at:]))
    return "".join(kept)


def _as_read(text: str, piece: Piece) -> Iterator[tuple[int, int, str]]:
    """What a reader sees in place of the characters `start` to `end`."""
    start, end = piece.start, piece.end
    if piece.kind == "link" and text[start] == "[":
        yield start, start + 1, ""
        yield start + 1 + len(piece.text), end, ""
    elif piece.kind == "escape":
        yield start, end, text[start + 1]
    else:
        yield start, end, piece.text if piece.kind in ("code", "link") else ""


def _without_marks(text: str) -> str:
    return _EMPHASIS.sub(r"\2", text.replace("*", "").replace("~~", ""))


class Piece(NamedTuple):
    """Something inside a line, from `start` to `end`: code, link, image, escape, tag or comment."""

    kind: str
    start: int
    end: int
    text: str = ""
    target: str = ""


_MARKS = regex(
    r"\\[!-/:-@\[-`{-~]|`+|<!--|<(?P<auto>[A-Za-z][A-Za-z0-9+.\-]{1,31}:[^\s<>]{0,2000})>"
    r"|</?[A-Za-z][^<>]{0,2000}>|!?\[|\]"
)
_DESTINATION = regex(
    r"\(\s{0,99}(?:<(?P<angle>(?:\\.|[^<>\\\n]){0,2000})>|(?P<bare>(?:\\\S|[^\s()\\<]|\((?:\\\S|[^\s()\\])*\))"
    r"(?:\\\S|[^\s()\\]|\((?:\\\S|[^\s()\\])*\))*)?)"
    r"(?:\s{1,99}(?:\"(?:\\.|[^\"\\]){0,1000}\"|'(?:\\.|[^'\\]){0,1000}'|\((?:\\.|[^()\\]){0,1000}\)))?\s{0,99}\)"
)
_REFERENCE = regex(r"\[((?:\\.|[^\[\]\\]){0,999})\]")
_OPEN_LIMIT = 1000


def scan(text: str, references: References = MappingProxyType({})) -> Iterator[Piece]:
    """What stands inside a paragraph, inner links before the images or links around them, in linear time."""
    opened: list[tuple[int, bool, bool]] = []  # start, is an image, may become a link
    closers: dict[int, list[int]] | None = None
    at = 0
    while found := _MARKS.search(text, at):
        start, at = found.span()
        piece: Piece | None = None
        if found[0][0] == "`":
            closers = _runs(text) if closers is None else closers
            piece = _code(text, start, at, closers)
        elif found[0] == "]":
            if opened:
                begin, is_image, alive = opened.pop()
                piece = _link(text, begin, at, is_image, references) if alive else None
                if piece and not is_image:  # no link inside a link
                    opened = [(b, image, image) for b, image, _ in opened]
        elif found[0][-1] != "[" or found[0][0] == "\\":
            piece = _closed(text, found)
        elif len(opened) < _OPEN_LIMIT:
            opened.append((start, found[0][0] == "!", True))
        if piece:
            at = piece.end
            yield piece


def _closed(text: str, found: re.Match[str]) -> Piece:
    """What a mark says by itself: an escape, a comment, an address between `<` and `>`, a tag."""
    start, end = found.span()
    if found[0][0] == "\\":
        return Piece("escape", start, end)
    if found[0] == "<!--":
        close = text.find("-->", start + 2)
        return Piece("comment", start, len(text) if close < 0 else close + 3)
    if found["auto"]:
        return Piece("link", start, end, found["auto"], found["auto"])
    return Piece("tag", start, end, target=found[0])


def _code(text: str, start: int, end: int, runs: dict[int, list[int]]) -> Piece | None:
    """The code that backticks at `start` open, up to the next run of as many; None when there is none."""
    length = end - start
    ends = runs.get(length, [])
    place = bisect_right(ends, start)
    if place == len(ends):
        return None
    words = text[end : ends[place]].replace("\n", " ")
    padded = len(words) > 2 and words[0] == words[-1] == " " and words.strip()
    return Piece("code", start, ends[place] + length, words[1:-1] if padded else words)


def _runs(text: str) -> dict[int, list[int]]:
    runs: dict[int, list[int]] = {}
    for run in re.finditer(r"`+", text):
        runs.setdefault(run.end() - run.start(), []).append(run.start())
    return runs


def _link(text: str, begin: int, close: int, is_image: bool, references: References) -> Piece | None:
    """The link or image whose text is closed at `close`, if a destination follows or a definition exists."""
    words = text[begin + 1 + is_image : close - 1]
    kind = "image" if is_image else "link"
    found = _DESTINATION.match(text, close)
    if found:
        return Piece(kind, begin, found.end(), words, found["angle"] or found["bare"] or "")
    if not references:
        return None
    label = _REFERENCE.match(text, close)
    wanted = _normalized((label[1] if label else "") or words)
    if wanted not in references:
        return None
    end = label.end() if label else close
    return Piece(kind, begin, end, words, str(references[wanted]["href"]))


def _normalized(label: str) -> str:
    """A label as markdown-it-py keys its definitions."""
    return " ".join(label.split()).lower().upper() if len(label) < 1000 else ""


_HTML_TARGET = regex(r"<(img|a)\b[^<>]{0,2000}?\b(?:src|href)[ ]?=[ ]?(?:\"([^\"<>]*)\"|'([^'<>]*)')", re.IGNORECASE)
_HTML_ID = regex(r"<[a-z][^<>]{0,500}?\s(?:id|name)[ ]?=[ ]?[\"']?([^\"'\s<>]+)", re.IGNORECASE)
_GENERATED = regex(  # by terraform-docs, as its pre-commit hook or its own markers have it
    r"<!-- (?:BEGIN_TF_DOCS|BEGIN TFDOC|BEGINNING OF [A-Z-]{1,40} DOCS HOOK) -->.*?"
    r"<!-- (?:END_TF_DOCS|END TFDOC|END OF [A-Z-]{1,40} DOCS HOOK) -->",
    re.DOTALL,
)
_TABLE_LINE = regex(r"^[ ]{0,3}\|.*$", re.MULTILINE)
_CUSTOM_ID = regex(r"[ \t]*\{:?[ \t]*#([^\s{}]+)[^{}]{0,200}\}[ \t]*\Z")


@cache
def _blocks() -> Any:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark").enable("table")
    reader.core.ruler.enableOnly(["normalize", "block"])
    reader.normalizeLink = lambda url: url  # type: ignore[method-assign]  # its documented hook
    reader.validateLink = lambda url: True  # type: ignore[method-assign]  # its documented hook
    return reader


class _Reader:
    """One file being read."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.headings: list[Heading] = []
        self.texts: list[Text] = []
        self.codes: list[Code] = []
        self.spans: list[Node] = []
        self.links: list[Link] = []
        self.tables: list[Table] = []
        self.tasks: list[Task] = []
        self.anchors: set[str] = set()
        self.slugs: dict[str, int] = {}
        self.references: dict[str, Any] = {}

    def document(self) -> Document:
        head = front_matter(self.source.text)
        skipped = len(re.findall(r"\r\n|\n|\r", head))
        environment: dict[str, Any] = {}
        body = _GENERATED.sub(self.generated, self.source.text[len(head) :])
        tokens = _blocks().parse("\n" * skipped + body, environment)
        self.references = environment.get("references", {})
        self.read(tokens)
        last = len(self.source.lines)
        anchors = frozenset(anchor.lower() for anchor in (*self.anchors, *(h.slug for h in self.headings)))
        return Document(
            title_of(self.source.text), self.headings, self.texts, self.codes, self.spans, self.links, self.tables,
            self.tasks, anchors, list(_sections(self.headings, last)), [],
        )  # fmt: skip

    def generated(self, found: re.Match[str]) -> str:
        """What a tool wrote of the code of a module: its anchors count, the lines of its tables are not read."""
        self.anchors.update(inner[1] for inner in _HTML_ID.finditer(found[0]))
        return _TABLE_LINE.sub("", found[0])

    def read(self, tokens: Sequence[Any]) -> None:
        row: list[Any] | None = None
        opener = before = ""
        level = 0
        for token in tokens:
            kind = token.type
            if kind == "heading_open":
                level = int(token.tag[1])
            elif kind == "table_open":
                self.tables.append(Table(self.node("", self.lines_of(token)), [], []))
            elif kind == "tr_open":
                row = []
            elif kind == "tr_close":
                self.row(row or [])
                row = None
            elif kind in ("fence", "code_block"):
                self.code(token)
            elif kind == "html_block":
                self.html(token)
            elif kind == "inline":
                if row is not None:
                    row.append(token)
                elif opener == "heading_open":
                    self.heading(token, level)
                else:
                    self.paragraph(token, before == "list_item_open")
            before, opener = opener, kind

    # blocks

    def heading(self, token: Any, level: int) -> None:
        content = token.content
        custom = _CUSTOM_ID.search(content[-300:])
        if custom:
            self.anchors.add(custom[1])
        self.inline(token)
        bare = content[: len(content) - len(custom[0])] if custom else content
        if custom:
            self.anchors.add(slug(_visible(bare, self.references)))
        span = self.content_span(token)
        self.headings.append(
            Heading(self.node(self.plain(bare), span), level, self.numbered(slug(_visible(content, self.references))))
        )

    def numbered(self, made: str) -> str:
        given = made
        while given in self.slugs:
            self.slugs[made] += 1
            given = f"{made}-{self.slugs[made]}"
        self.slugs[given] = 0
        return given

    def paragraph(self, token: Any, opens_item: bool) -> None:
        node = self.node(self.plain(token.content), self.content_span(token))
        self.inline(token)
        if opens_item:
            task = _TASK.match(token.content)
            if task:
                words = self.plain(token.content[task.end() :])
                node = self.node(words, node.span)
                self.tasks.append(Task(node, task[1] != " "))
        if node.text:
            self.texts.append(Text(node))

    def row(self, cells: list[Any]) -> None:
        if not cells or not self.tables:
            return
        table = self.tables[-1]
        number = cells[0].map[0] + 1
        spans = _cell_spans(self.source.line(number), [cell.content for cell in cells], number)
        nodes = []
        for cell, span in zip(cells, spans, strict=True):
            place = span or self.source.line_span(number)
            nodes.append(self.node(self.plain(cell.content), place))
            self.inline(cell, [(number, span.column)] if span else None)
            if nodes[-1].text and table.header:
                self.texts.append(Text(nodes[-1]))
        if table.header:
            table.rows.append(nodes)
        else:
            table.header.extend(nodes)

    def code(self, token: Any) -> None:
        first, last = token.map
        rows = token.content.split("\n")[:-1] if token.content.endswith("\n") else token.content.split("\n")
        begin = first + 2 if token.type == "fence" else first + 1
        lines = []
        for number, text in enumerate(rows, begin):
            written = self.source.line(number)
            words = text.strip()
            column = written.rfind(words) + 1 if words else 0
            span = Span(number, column, number, column + len(words)) if column else self.source.line_span(number)
            lines.append(self.node(words, span))
        language = token.info.split()[0].lower().strip("{}.") if token.info.strip() else ""
        self.codes.append(Code(self.node(token.content, self.span_of(first + 1, last)), language, lines))

    def html(self, token: Any) -> None:
        """HTML shows its links and its words; comments are blanked with their lines kept."""
        text = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), token.content)
        self.anchors.update(found[1] for found in _HTML_ID.finditer(text))
        first = token.map[0] + 1
        for number, line in enumerate(text.split("\n"), first):
            for found in _HTML_TARGET.finditer(line):
                self.links.append(self.html_link(found, self.source.line_span(number)))
            words = " ".join(re.sub(r"<[^<>]*>", " ", line).split())
            if words:
                self.texts.append(Text(self.node(words, self.source.line_span(number))))

    def html_link(self, found: re.Match[str], span: Span) -> Link:
        return Link(self.node(found[2] or found[3] or "", span), "", found[1].lower() == "img", is_html=True)

    # what stands inside lines

    def inline(self, token: Any, starts: list[tuple[int, int]] | None = None) -> None:
        content: str = token.content
        if not any(mark in content for mark in "`[<"):
            return
        places = _Places(self.source, content, token.map[0] + 1, starts)
        for piece in scan(content, self.references):
            if piece.kind == "code":
                self.spans.append(self.node(piece.text.strip(), places.span(piece.start, piece.end)))
            elif piece.kind == "tag":
                self.anchors.update(found[1] for found in _HTML_ID.finditer(piece.target))
                for found in _HTML_TARGET.finditer(piece.target):
                    self.links.append(self.html_link(found, places.span(piece.start, piece.end)))
            elif piece.kind in ("link", "image"):
                node = self.node(piece.target, places.span(piece.start, piece.end))
                self.links.append(Link(node, self.plain(piece.text), piece.kind == "image"))

    def plain(self, text: str) -> str:
        return plain(text, self.references)

    # places

    def node(self, value: str, span: Span) -> Node:
        return Node(value, self.source, span)

    def lines_of(self, token: Any) -> Span:
        return self.span_of(token.map[0] + 1, token.map[1])

    def span_of(self, first: int, last: int) -> Span:
        begin, end = self.source.line_span(first), self.source.line_span(max(first, last))
        return Span(begin.line, begin.column, end.line, end.end_column)

    def content_span(self, token: Any) -> Span:
        places = _Places(self.source, token.content, token.map[0] + 1, None)
        return places.span(0, len(token.content))


class _Places:
    """Where the characters of a block's content stand in the file, which has markers before it and blanks around it."""

    def __init__(self, source: Source, content: str, line: int, starts: list[tuple[int, int]] | None) -> None:
        self.source = source
        self.content = content
        self._given = starts
        # Lines of exotic blanks at the beginning are not in the content.
        first = content.partition("\n")[0].strip()
        self.line = next((number for number in range(line, line + 20) if first in source.line(number)), line)

    @cached_property
    def offsets(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.content))]

    @cached_property
    def starts(self) -> list[tuple[int, int]]:
        """For each line of the content: the line, and the column where its text begins."""
        if self._given is not None:
            return self._given
        made = []
        for number, text in enumerate(self.content.split("\n"), self.line):
            column = self.source.line(number).rfind(text.strip())
            lead = len(text) - len(text.lstrip())
            made.append((number, column + 1 - lead if column >= 0 else 1))
        return made

    def span(self, start: int, end: int) -> Span:
        return Span(*self.position(start), *self.position(end))

    def position(self, offset: int) -> tuple[int, int]:
        row = min(bisect_right(self.offsets, offset) - 1, len(self.starts) - 1)
        line, column = self.starts[row]
        return line, max(column + offset - self.offsets[row], 1)


def _cell_spans(line: str, contents: list[str], number: int) -> list[Span | None]:
    """The place of each cell, found from left to right; None where the cell does not stand in the line as it reads."""
    at = 0
    spans: list[Span | None] = []
    for content in contents:
        found = line.find(content, at) if content else -1
        if found < 0:
            spans.append(None)
            continue
        at = found + len(content)
        spans.append(Span(number, found + 1, number, at + 1))
    return spans


def _sections(headings: list[Heading], last: int) -> Iterator[Section]:
    ends = [last] * len(headings)
    below: list[int] = []
    for index, heading in enumerate(headings):
        while below and headings[below[-1]].level >= heading.level:
            ends[below.pop()] = heading.node.span.line - 1
        below.append(index)
    for heading, end in zip(headings, ends, strict=True):
        yield Section(heading, heading.node.span.end_line + 1, end)
