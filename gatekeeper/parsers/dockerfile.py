"""Dockerfiles to instructions, with places.

`dockerfile-parse` lists the instructions. It does not know heredocs (it takes `USER root` inside `COPY <<EOF` for an
instruction), ends an instruction at a blank line inside a continuation, drops the one that the end of the file cuts
off, reads `\\\\` at the end of a line as a continuation, and glues lines at a cost that grows with their square. So it
is given a folded text: each instruction in full on its first line, and blank lines where the rest of it stood. Which
lines belong together follows BuildKit (https://docs.docker.com/reference/dockerfile/).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from io import BytesIO
from typing import NamedTuple

from gatekeeper.node import START, Fault, Node, Source, Span, regex

KINDS = frozenset(
    {
        "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
        "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    }
)  # fmt: skip
_WITH_HEREDOCS = frozenset({"ADD", "COPY", "RUN"})
_WORDS_ARE_QUOTED = frozenset({"ARG", "ENV", "LABEL"})

_DIRECTIVE = regex(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S.*)\Z")
_DIRECTIVES = frozenset({"escape", "syntax", "check"})
_HEREDOC = regex(r"\d*<<(-?)([^<]+)\Z")
_WORD = regex(r"[^ \t\v\f\r\n]+")
_STRING = regex(r'"(?:[^"\\]|\\.)*"')
_SPACE = " \t\v\f\r\n"


class Heredoc(NamedTuple):
    """One `<<NAME` of an instruction. `body` is the text up to its end marker; not expanded when the name is quoted."""

    name: str
    body: Node
    quoted: bool
    chomps_tabs: bool
    start: int  # of the body, in the file

    def part(self, start: int, end: int) -> Node:
        """Characters `start` to `end` of the body, with their place."""
        source = self.body.source
        return Node(self.body.text[start:end], source, source.span(self.start + start, self.start + end))


class Flag(NamedTuple):
    """`--name=value`; the value is '' for `--name`."""

    name: str
    value: Node


class Pair(NamedTuple):
    """`name=value` of ENV, LABEL or ARG as written, quotes included; `value` is None for `ARG name`."""

    name: str
    value: Node | None
    at: Node


class Dockerfile(NamedTuple):
    """The instructions that could be read, in order, and the faults of the others."""

    instructions: list[Instruction]
    faults: list[Fault]
    escape: str = "\\"


class _Line:
    """An instruction as one line: its text with the continuations joined, and where each piece of it was written."""

    __slots__ = ("offsets", "row", "source", "starts", "text")

    def __init__(self, source: Source, row: int, pieces: list[tuple[int, str]]) -> None:
        self.source = source
        self.row = row
        self.starts: list[int] = []
        self.offsets: list[int] = []
        length = 0
        for offset, piece in pieces:
            self.starts.append(length)
            self.offsets.append(offset)
            length += len(piece)
        self.text = "".join(piece for _, piece in pieces)

    def _offset(self, index: int) -> int:
        piece = max(bisect_right(self.starts, index) - 1, 0)
        return self.offsets[piece] + index - self.starts[piece]

    def span(self, start: int, end: int) -> Span:
        """The place in the file of characters `start` to `end` of the joined text."""
        first = self._offset(start)
        return self.source.span(first, self._offset(end - 1) + 1 if end > start else first)


class Instruction:
    """One instruction. `kind` is in capitals; `node` holds what follows it, joined to one line, and spans all of it."""

    def __init__(self, line: _Line, start: int, kind: str, heredocs: tuple[Heredoc, ...], escape: str) -> None:
        begin = _skip(line.text, start + len(kind))
        end = max(len(line.text.rstrip(_SPACE)), start + len(kind))
        self.kind = kind
        self.heredocs = heredocs
        self._line = line
        self._begin = min(begin, end)
        self._end = end
        self._escape = escape
        key = line.span(start, start + len(kind))
        self.node = Node(line.text[self._begin : end], line.source, line.span(start, end), key)

    @cached_property
    def _flags(self) -> tuple[tuple[Flag, ...], int]:
        """The flags, and where the arguments after them begin."""
        flags: list[Flag] = []
        at = self._begin
        if not self._line.text.startswith("--", at):
            return (), at
        for start, end in _quoted_words(self._line.text, at, self._end, self._escape):
            word = self._line.text[start:end]
            if not word.startswith("--"):
                return tuple(flags), start
            if word == "--":
                return tuple(flags), min(_skip(self._line.text, end), self._end)
            name, equals, value = word[2:].partition("=")
            skipped = len(name) + 2 + len(equals)
            flags.append(Flag(name, self._node(value, start + skipped, end)))
        return tuple(flags), self._end

    def _node(self, value: object, start: int, end: int) -> Node:
        return Node(value, self._line.source, self._line.span(start, end))

    @property
    def flags(self) -> tuple[Flag, ...]:
        return self._flags[0]

    def flag(self, name: str) -> Node | None:
        """The value of the flag `name`, the last one when it is given twice."""
        return next((flag.value for flag in reversed(self.flags) if flag.name == name), None)

    @cached_property
    def arguments(self) -> Node:
        """All that follows the flags, as one text."""
        start = self._flags[1]
        return self._node(self._line.text[start : self._end], start, self._end)

    def inner(self, start: int) -> Instruction:
        """The instruction with only what stands from character `start` of `arguments` on: CMD inside HEALTHCHECK."""
        made = Instruction(self._line, self._begin, "", self.heredocs, self._escape)
        made.kind = self.kind
        made.node = self.node
        made.__dict__["_flags"] = ((), self._flags[1] + start)
        return made

    def part(self, start: int, end: int) -> Node:
        """Characters `start` to `end` of `arguments`, with their place."""
        begin = self._flags[1]
        return self._node(self._line.text[begin + start : begin + end], begin + start, begin + end)

    @cached_property
    def strings(self) -> tuple[Node, ...] | None:
        """The strings of the JSON form; None for the shell form."""
        text = self.arguments.text
        if not text.startswith("["):
            return None
        from json import loads

        try:
            values = loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            return None
        begin = self._flags[1]
        places = [(begin + m.start(), begin + m.end()) for m in _STRING.finditer(text)]
        return tuple(self._node(value, *at) for value, at in zip(values, places, strict=True))

    @property
    def is_json(self) -> bool:
        return self.strings is not None

    @cached_property
    def words(self) -> tuple[Node, ...]:
        """The words after the flags: the strings of the JSON form, else split at blanks, quotes kept as written."""
        if self.strings is not None:
            return self.strings
        text, start = self._line.text, self._flags[1]
        if self.kind in _WORDS_ARE_QUOTED:
            places = list(_quoted_words(text, start, self._end, self._escape))
        else:
            places = [m.span() for m in _WORD.finditer(text, start, self._end)]
        return tuple(self._node(text[begin:end], begin, end) for begin, end in places)

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The names and values of ENV, LABEL (`a=b c=d`, or the old `a b`) and ARG."""
        words = self.words
        if self.kind != "ARG" and words and "=" not in words[0].text:
            begin = self._flags[1]
            length = len(words[0].text)
            start = min(_skip(self._line.text, begin + length), self._end)
            value = self._node(self._line.text[start : self._end], start, self._end)
            return (Pair(words[0].text, value, words[0]),)
        return tuple(self._pair(word) for word in words)

    def _pair(self, word: Node) -> Pair:
        name, equals, value = word.text.partition("=")
        if not equals:
            return Pair(name, None, word)
        span = word.span
        if span.line == span.end_line:
            span = Span(span.line, span.column + len(name) + 1, span.end_line, span.end_column)
        return Pair(name.strip("\"'"), Node(value, word.source, span), word)

    @cached_property
    def trigger(self) -> Instruction | None:
        """What ONBUILD runs in the images built from this one."""
        if self.kind != "ONBUILD":
            return None
        start = self._flags[1]
        word = _WORD.match(self._line.text, start, self._end)
        if not word or word[0].upper() not in KINDS:
            return None
        return Instruction(self._line, start, word[0].upper(), self.heredocs, self._escape)

    def __repr__(self) -> str:
        return f"Instruction({self.kind} {self.node!r})"


def parse(source: Source) -> Dockerfile:
    """Every instruction of a Dockerfile. Never raises for what the text holds."""
    reader = _Reader(source)
    lines = list(reader.lines())
    names = _names(lines)
    instructions: list[Instruction] = []
    faults = reader.faults
    for line, heredocs in lines:
        start = _skip(line.text, 0)
        kind = names.get(line.row, "")
        if kind in KINDS:
            instruction = Instruction(line, start, kind, heredocs, reader.escape)
            instructions.append(instruction)
            problem = _problem(instruction)
        else:
            word = _WORD.match(line.text, start)
            problem = f"{word[0][:40] if word else 'this'} is not a Dockerfile instruction"
        if problem:
            faults.append(Fault(source, line.span(start, len(line.text.rstrip(_SPACE))), problem, technology="docker"))
    faults += _order(source, instructions)
    return Dockerfile(instructions, faults, reader.escape)


def _problem(instruction: Instruction) -> str:
    """What is wrong with an instruction that BuildKit would refuse; '' for nothing."""
    if not instruction.arguments.text:
        return f"{instruction.kind} without arguments"
    if instruction.kind == "FROM":
        words = instruction.words
        if len(words) != 1 and not (len(words) == 3 and words[1].text.upper() == "AS"):
            return "FROM takes an image, or an image AS a name"
    if instruction.kind == "ONBUILD" and instruction.trigger is None:
        return "ONBUILD without an instruction"
    return ""


def _order(source: Source, instructions: list[Instruction]) -> Iterator[Fault]:
    for instruction in instructions:
        if instruction.kind == "FROM":
            return
        if instruction.kind != "ARG":
            words = f"{instruction.kind} before the first FROM"
            yield Fault(source, instruction.node.span, words, technology="docker")
    at = instructions[0].node.span if instructions else START
    yield Fault(source, at, "no FROM: this builds no image", technology="docker")


def _names(lines: list[tuple[_Line, tuple[Heredoc, ...]]]) -> dict[int, str]:
    """The instruction on each row of the folded text, by dockerfile-parse."""
    rows = {line.row: line.text.strip(_SPACE) for line, _ in lines}
    try:
        return _listed(rows)
    except (ValueError, IndexError, KeyError):
        names: dict[int, str] = {}
        for row, text in rows.items():  # one that it cannot bear must not cost the others
            try:
                names |= _listed({row: text})
            except (ValueError, IndexError, KeyError):
                continue
        return names


def _listed(rows: dict[int, str]) -> dict[int, str]:
    from dockerfile_parse import DockerfileParser

    order = sorted(rows)
    # A backslash that is left at the end belongs to the value; dockerfile-parse would join the next line to it.
    folded = "".join(rows[row].rstrip("\\") + "\n" for row in order)
    listed = DockerfileParser(fileobj=BytesIO(folded.encode("utf-8", "replace")), env_replace=False).structure
    return {order[entry["startline"]]: entry["instruction"] for entry in listed}


class _Reader:
    """Joins continuations and takes heredoc bodies away, as BuildKit does."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.faults: list[Fault] = []
        self.escape = "\\"
        self.rows: list[tuple[int, str]] = []
        offset = 0
        for row in source.text.split("\n"):
            self.rows.append((offset, row.rstrip("\r")))
            offset += len(row) + 1
        if self.rows[0][1].startswith("\ufeff"):
            self.rows[0] = (1, self.rows[0][1][1:])
        self.at = 0

    def lines(self) -> Iterator[tuple[_Line, tuple[Heredoc, ...]]]:
        self._directives()
        while self.at < len(self.rows):
            line = self._line()
            if line is not None:
                yield line, tuple(self._heredocs(line))

    def _directives(self) -> None:
        seen: set[str] = set()
        for offset, row in self.rows:
            match = _DIRECTIVE.match(row.strip())
            name = match[1].lower() if match else ""
            if not match or name not in _DIRECTIVES or name in seen:
                return
            seen.add(name)
            if name == "escape":
                if match[2] in ("\\", "`"):
                    self.escape = match[2]
                else:
                    span = self.source.span(offset, offset + len(row))
                    self.faults.append(Fault(self.source, span, "escape is \\ or `", technology="docker"))

    def _line(self) -> _Line | None:
        first = self.at
        pieces: list[tuple[int, str]] = []
        more = True
        while more and self.at < len(self.rows):
            offset, row = self.rows[self.at]
            self.at += 1
            bare = row.lstrip()
            if not bare or bare[0] == "#":
                if not pieces:
                    return None
                continue
            kept, more = self._continued(row)
            if kept or more:
                pieces.append((offset, kept))
        line = _Line(self.source, first, pieces)
        return line if line.text.strip() else None

    def _continued(self, row: str) -> tuple[str, bool]:
        """The row without its continuation mark, and whether it had one. An escaped mark is none."""
        bare = row.rstrip(" \t")
        if not bare.endswith(self.escape) or bare.endswith(self.escape * 2):
            return row, False
        return bare[:-1], True

    def _heredocs(self, line: _Line) -> Iterator[Heredoc]:
        if "<<" not in line.text:
            return
        kind, start = _kind(line.text)
        if kind not in _WITH_HEREDOCS or Instruction(line, start, kind, (), self.escape).is_json:
            return
        for begin, end in _quoted_words(line.text, 0, len(line.text), "\\"):
            match = _HEREDOC.match(line.text, begin, end)
            if match:
                raw = match[2]
                quoted = any(char in raw for char in "\"'\\")
                yield self._heredoc(line, _bare(raw), quoted, bool(match[1]), begin, end)

    def _heredoc(self, line: _Line, name: str, quoted: bool, chomps: bool, begin: int, end: int) -> Heredoc:
        first = self.at
        start = self.rows[first][0] if first < len(self.rows) else len(self.source.text)
        while self.at < len(self.rows):
            offset, row = self.rows[self.at]
            self.at += 1
            if (row.lstrip("\t") if chomps else row) == name:
                stop = max(offset - 1, start)
                return Heredoc(name, self._body(start, stop), quoted, chomps, start)
        # What is in it and what would follow cannot be told apart, so nothing of it is taken for an instruction.
        self.faults.append(
            Fault(self.source, line.span(begin, end), f"heredoc {name[:40]} is never closed", technology="docker")
        )
        return Heredoc(name, self._body(start, len(self.source.text)), quoted, chomps, start)

    def _body(self, start: int, stop: int) -> Node:
        return Node(self.source.text[start:stop], self.source, self.source.span(start, stop))


def _kind(text: str) -> tuple[str, int]:
    """The instruction of a joined line, seen through ONBUILD, and where it starts."""
    words = _WORD.finditer(text)
    word = next(words, None)
    if word and word[0].upper() == "ONBUILD":
        word = next(words, None)
    return (word[0].upper(), word.start()) if word else ("", 0)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _quoted_words(text: str, at: int, stop: int, escape: str) -> Iterator[tuple[int, int]]:
    """Where the words stand: split at blanks outside of quotes. An open quote ends with the text."""
    while True:
        while at < stop and text[at] in _SPACE:
            at += 1
        if at >= stop:
            return
        start = at
        quote = ""
        while at < stop and (quote or text[at] not in _SPACE):
            char = text[at]
            if char == escape and quote != "'":
                at += 1
            elif quote:
                quote = "" if char == quote else quote
            elif char in "\"'":
                quote = char
            at += 1
        at = min(at, stop)
        yield start, at


def _bare(word: str) -> str:
    """A word without its quotes and escapes; nothing in it is expanded."""
    out: list[str] = []
    quote = ""
    chars = iter(word)
    for char in chars:
        if char == "\\" and quote != "'":
            out.append(next(chars, ""))
        elif quote:
            if char == quote:
                quote = ""
            else:
                out.append(char)
        elif char in "\"'":
            quote = char
        else:
            out.append(char)
    return "".join(out)
