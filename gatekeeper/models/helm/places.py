"""Which line of a template made which line of what it was rendered to.

Helm copies the text of a template as it stands, with its indentation, and puts something in place of every `{{ }}`.
So a rendered line stems from a template line whose literal text it holds in the same order. Among several such lines
those are taken that together keep the template's order; inside of a `range` it may begin again. Lines of which no text
stands in the template come from the action (`include`, `toYaml`) that lies between the lines around them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gatekeeper.node import Source, regex

_LONGEST = 50_000  # lines of one rendered document that are compared; those behind stand where the last of them does
_LONG = 600  # lines from which on a document is mostly copied: there the line behind the last is tried alone
_MOST = 24  # template lines that one rendered line is compared with
_STEP = 0.02  # what a template line costs that is passed over
_AGAIN = 0.5  # what it costs to begin again in a `range`

_WORD = regex(r"[ \t\r\n]{0,200}([A-Za-z]{1,40}|/\*|\$[A-Za-z_0-9]{0,80}[ \t]{0,20}:?=)?")
_INDENT = regex(r"indent[ \t]{1,8}([0-9]{1,3})")
_OPENS = frozenset({"if", "with", "range", "define", "block"})
_SILENT = frozenset({"if", "else", "with", "range", "end", "define", "block", "break", "continue", "fail"})


class _Action(NamedTuple):
    start: int
    end: int
    text: str  # between the braces, without the marks that trim
    trims: bool  # what stands before it

    @property
    def word(self) -> str:
        found = _WORD.match(self.text)
        return (found[1] if found else "") or ""

    @property
    def makes(self) -> bool:
        """Whether it puts something into the output."""
        word = self.word
        return word not in _SILENT and not word.startswith(("/*", "$")) if word else True


class _Line(NamedTuple):
    """A template line by what of its text is copied: the pieces before, between and behind its actions."""

    number: int
    pieces: tuple[str, ...]
    makes: bool  # has an action that puts something there
    indent: int | None  # the indentation that such an action asks for
    weight: float
    loop: int  # the outermost `range` around it, by its first line; 0 outside of any


class Template(NamedTuple):
    """A template's lines, in the documents that `---` parts it into."""

    documents: tuple[tuple[_Line, ...], ...]


def template(source: Source) -> Template:
    """Ask through `source.once(template)`."""
    lines = list(_lines(source))
    documents: list[list[_Line]] = [[]]
    for line in lines:
        if line.pieces[0].startswith("---"):
            documents.append([])
        else:
            documents[-1].append(line)
    return Template(tuple(tuple(document) for document in documents if document))


def lines_of(rendered: Sequence[str], source: Source) -> list[int]:
    """For each line of a rendered document the line of the template that made it."""
    found = source.once(template)
    best: list[int] = [1] * len(rendered)
    most = -1.0
    for document in found.documents:
        score, numbers = _aligned(rendered[:_LONGEST], document)
        if score > most:
            most, best = score, numbers
    return best + [best[-1] if best else 1] * (len(rendered) - len(best))


def _actions(text: str) -> Iterator[_Action]:
    at = text.find("{{")
    while at >= 0:
        comment = text.startswith(("{{/*", "{{- /*"), at)
        end = text.find("*/", at) if comment else at
        end = text.find("}}", end if end >= 0 else at)
        end = len(text) if end < 0 else end + 2
        trims = text.startswith("-", at + 2)
        yield _Action(at, end, text[at + 2 + trims : max(end - 2, at + 2)], trims)
        at = text.find("{{", end)


def _lines(source: Source) -> Iterator[_Line]:
    text = source.text
    actions = list(_actions(text))
    loops = _loops(source, actions)
    starts = [action.start for action in actions]
    at = 0
    for number, line in enumerate(source.lines, 1):
        end = at + len(line)
        first = max(bisect_left(starts, at) - 1, 0)
        mine = []
        for action in actions[first:]:
            if action.start >= end:
                break
            if action.end > at:
                mine.append(action)
        yield _line(number, text, at, end, mine, loops)
        at = end + (2 if text.startswith("\r\n", end) else 1)


def _line(number: int, text: str, at: int, end: int, actions: list[_Action], loops: list[int]) -> _Line:
    pieces: list[str] = []
    cursor, begun = at, False
    for action in actions:
        piece = text[cursor : max(action.start, cursor)] if action.start > cursor else ""
        piece = piece.lstrip() if begun and text.startswith("-}}", cursor - 3) else piece
        pieces.append(piece.rstrip() if action.trims else piece)
        cursor, begun = min(action.end, end), True
    rest = text[cursor:end]
    pieces.append(rest.lstrip() if begun and text.startswith("-}}", cursor - 3) else rest)
    literal = sum(len(piece.strip()) for piece in pieces)
    making = [action for action in actions if action.start >= at and action.makes]
    asked = next((int(found[1]) for action in making if (found := _INDENT.search(action.text))), None)
    weight = 0.0 if not literal else 0.5 + min(literal, 60) / 10
    return _Line(number, tuple(pieces), bool(making), asked, weight, loops[number - 1])


def _loops(source: Source, actions: Sequence[_Action]) -> list[int]:
    """For each line the first line of the outermost `range` that it lies in, 0 outside."""
    found = [0] * len(source.lines)
    stack: list[tuple[str, int]] = []
    for action in actions:
        word = action.word
        if word in _OPENS:
            stack.append((word, source.span(action.start, action.start).line))
        elif word == "end" and stack:
            opened, begin = stack.pop()
            if opened == "range" and not any(each == "range" for each, _ in stack):
                end = source.span(action.start, action.start).line
                found[begin - 1 : end] = [begin] * (end - begin + 1)
    return found


class _Index:
    """The lines of a document by the beginning of their literal text."""

    def __init__(self, lines: Sequence[_Line]) -> None:
        self._by_key: dict[str, list[int]] = {}
        self._floating: list[int] = []
        for place, line in enumerate(lines):
            if not line.weight:
                continue
            key = _key(line.pieces[0], whole=len(line.pieces) == 1)
            if key:
                self._by_key.setdefault(key, []).append(place)
            elif len(self._floating) < 200:
                self._floating.append(place)
        self._lines = lines
        self._next = [len(lines)] * (len(lines) + 1)  # the next line with text of its own
        for place in range(len(lines) - 2, -1, -1):
            self._next[place] = place + 1 if lines[place + 1].weight else self._next[place + 1]

    def candidates(self, text: str, near: int, *, follow: bool) -> Iterator[int]:
        """The lines that may have made a text; of many the nearest to one of them; to `follow` is to take the next."""
        behind = self._next[near]
        if follow and behind < len(self._lines) and _holds(text, self._lines[behind]):
            yield behind
            return
        places = self._by_key.get(_key(text, whole=True), [])
        if len(places) > _MOST:
            at = bisect_left(places, near)
            places = places[max(at - _MOST // 4, 0) : at + _MOST]
        for place in (*places, *self._floating):
            if _holds(text, self._lines[place]):
                yield place


def _key(text: str, *, whole: bool) -> str:
    """A line's text up to its first colon; without one its first word, where that is all there."""
    head, colon, _ = text.partition(":")
    if colon:
        return head + colon
    return text.rstrip() if whole and text.strip() else ""


def _holds(text: str, line: _Line) -> bool:
    first, *rest = line.pieces
    if not rest:
        return text == first.rstrip()
    if not text.startswith(first):
        return text == first.rstrip() and not any(piece.strip() for piece in rest)
    at = len(first)
    for piece in rest[:-1]:
        at = text.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    last = rest[-1].rstrip()
    return text.endswith(last) and len(text) - len(last) >= at


class _Best:
    """The best score that ends before a place: a tree of maxima (Fenwick)."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: list[tuple[float, int]] = [(0.0, -1)] * (size + 1)

    def put(self, place: int, score: float, step: int) -> None:
        place += 1
        while place <= self._size:
            if score > self._held[place][0]:
                self._held[place] = (score, step)
            place += place & -place

    def before(self, place: int) -> tuple[float, int]:
        best = (0.0, -1)
        while place > 0:
            if self._held[place][0] > best[0]:
                best = self._held[place]
            place -= place & -place
        return best


class _Step(NamedTuple):
    row: int
    place: int
    before: int


def _aligned(rendered: Sequence[str], lines: Sequence[_Line]) -> tuple[float, list[int]]:
    """How well a document fits, and the number of the template line for each of its lines."""
    index, best = _Index(lines), _Best(len(lines))
    in_loop: dict[int, tuple[float, int]] = {}
    steps: list[_Step] = []
    top, last, near = 0.0, -1, 0
    for row, written in enumerate(rendered):
        text = written.rstrip()
        fresh: list[tuple[int, float]] = []
        for place in index.candidates(text, near, follow=len(rendered) > _LONG) if text else ():
            line = lines[place]
            score, before = best.before(place)
            score = max(score - _STEP * place, 0.0)
            again = in_loop.get(line.loop, (0.0, -1)) if line.loop else (0.0, -1)
            if again[0] - _AGAIN > score:
                score, before = again[0] - _AGAIN, again[1]
            steps.append(_Step(row, place, before))
            fresh.append((len(steps) - 1, score + line.weight))
        for step, score in fresh:
            place = steps[step].place
            best.put(place, score + _STEP * place, step)
            loop = lines[place].loop
            if loop and score > in_loop.get(loop, (0.0, -1))[0]:
                in_loop[loop] = (score, step)
            if score > top:
                top, last, near = score, step, place
    matched: dict[int, int] = {}
    while last >= 0:
        matched[steps[last].row] = steps[last].place
        last = steps[last].before
    return top, _filled(rendered, lines, matched)


def _filled(rendered: Sequence[str], lines: Sequence[_Line], matched: dict[int, int]) -> list[int]:
    """The numbers, with those of the actions for the lines that no text of the template matches."""
    found: list[int] = []
    ahead = _ahead(len(rendered), matched, len(lines))
    making: _Line | None = None
    place = -1
    for row, text in enumerate(rendered):
        if row in matched:
            place, making = matched[row], None
            found.append(lines[place].number)
            continue
        if making is None:
            making = _maker(lines, place, ahead[row], len(text) - len(text.lstrip()))
        found.append(making.number if making else lines[max(place, 0)].number)
    return found


def _ahead(rows: int, matched: dict[int, int], end: int) -> list[int]:
    """For each row the place of the next line that is matched."""
    found = [end] * rows
    for row in range(rows - 1, -1, -1):
        end = matched.get(row, end)
        found[row] = end
    return found


def _maker(lines: Sequence[_Line], place: int, ahead: int, indent: int) -> _Line | None:
    """The action between two places that most likely made a line: of its indentation, else the first of them."""
    if ahead <= place:  # a loop begins again
        loop = lines[place].loop
        ahead = next((at for at in range(place + 1, len(lines)) if lines[at].loop != loop), len(lines))
    between = [line for line in lines[place + 1 : ahead] if line.makes and not line.weight]
    own = [lines[place]] if place >= 0 and lines[place].makes and lines[place].indent is not None else []
    makers = own + between
    return next((line for line in makers if line.indent == indent), makers[0] if makers else None)
