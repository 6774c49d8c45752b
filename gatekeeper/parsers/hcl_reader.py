"""HCL read by hand, in one pass: what is surely valid comes out as `hcl.parse` promises it.

Whatever is not (or is not understood) is refused as a whole, and tree-sitter says what is wrong with it. Read by hand a
file takes a quarter of the time and none of the memory that tree-sitter's trees take.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from gatekeeper.parsers import hcl
from gatekeeper.parsers.hcl import Attribute, Block, Body, Expr, Home, Literal, Template

_NAME = r"[^\W\d][\w-]*+"
_PIECE = r'\\[nrt"\\]|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\${2,100}\{|%{2,100}\{|[$%](?!\{)'  # of a text in quotes
_TOKENS = (
    rf"(?P<name>{_NAME})"
    rf'|(?P<text>"(?:[^"\\\n$%]|{_PIECE})*+")'
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)(?!\w)"
    r'|(?P<quote>")|(?P<here><<-?[^\W\d][\w-]*\r?\n)|(?P<strip>~\})'
    r"|(?P<sign>==|!=|<=|>=|&&|\|\||=>|\.\.\.|::|/(?![/*])|[-+*%!<>=?:.,(){}\[\]])"
    r"|(?P<end>\Z)"
)
_REMARK = r"/\*(?:[^*]|\*(?!/))*+\*/"
_IN_LINE = re.compile(rf"(?:[ \t\r]|{_REMARK})*+(?:{_TOKENS}|(?P<line>(?:(?:\#|//)[^\n]*)?(?:\n|\Z)))").match
_ANYWHERE = re.compile(rf"(?:[ \t\r\n]|(?:\#|//)[^\n]*+|{_REMARK})*+(?:{_TOKENS})").match
_SPACE = re.compile(r"(?:[ \t\r\n]++|(?:\#|//)[^\n]*+)*+").match
# an attribute whose value is a plain text, a chain of names, or a number, alone in its line
_SIMPLE = re.compile(
    rf'({_NAME})[ \t]*+=[ \t]*+(?:"([^"\\\n$%]*+)"|({_NAME}(?:\.{_NAME}){{0,50}}+)|([0-9]{{1,18}}+))'
    r"[ \t\r]*+(?:(?:\#|//)[^\n]*+)?\n"
).match
_LEVELS = {
    "||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, ">": 4, "<=": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}  # fmt: skip
_WORDS = {"true": True, "false": False, "null": None}
_QUOTED = re.compile(rf'(?:[^"\\\n$%]|{_PIECE})*+').match
_LINE = re.compile(r"(?:[^\n$%]|\${2,100}\{|%{2,100}\{|[$%](?!\{))*+").match  # of a heredoc
_LONE_RETURN = re.compile(r"\r(?!\n)").search
_MARK = re.compile(r"[$%]\{~?").match


class Refused(Exception):
    """Not valid, or not understood here."""


class _Directive(NamedTuple):
    """`%{ if }`, `%{ else }`, `%{ endif }`, `%{ for }` or `%{ endfor }`, and where it stands."""

    word: str
    names: list[str]
    expr: Expr | None
    start: int
    end: int


Part = Any  # str, Expr or _Directive


def read(home: Home) -> Body:
    """The body of a file. Raises `Refused`."""
    try:
        return _Reader(home, 0).file()
    except RecursionError:
        raise Refused from None


def read_template(home: Home) -> Expr:
    """A template that is the whole text of its home. Raises `Refused`."""
    try:
        return _Reader(home, 0).whole_template(len(home.text))
    except RecursionError:
        raise Refused from None


class _Reader:
    """The token looked at has a kind, a value, a start and an end; `before` is where the one before it ends."""

    __slots__ = ("before", "depth", "end", "home", "kind", "match", "start", "text", "value")

    def __init__(self, home: Home, start: int) -> None:
        self.home = home
        self.text = home.text
        self.before = self.start = self.end = start
        self.kind = self.value = ""
        self.match = _IN_LINE
        self.depth = 0

    def advance(self) -> None:
        """On to the next token."""
        found = self.match(self.text, self.end)
        if found is None:
            raise Refused
        self.before = self.end
        self.kind = kind = found.lastgroup or ""
        self.start, self.end = found.span(kind)
        self.value = found[kind]

    def at(self, sign: str) -> bool:
        return self.value == sign and self.kind == "sign"

    def expect(self, sign: str) -> None:
        if not self.at(sign):
            raise Refused
        self.advance()

    def name(self) -> str:
        if self.kind != "name":
            raise Refused
        return self.value

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > hcl.DEPTH:
            raise Refused

    # bodies

    def file(self) -> Body:
        if self.text.startswith("\ufeff", self.end):
            self.end += 1
        if "\r" in self.text and _LONE_RETURN(self.text):
            raise Refused
        body = Body({}, [])
        self.items(body)
        if self.kind != "end":
            raise Refused
        return body

    def items(self, body: Body) -> None:
        """Attributes and blocks, line by line, up to what is neither: that is the token looked at then."""
        attributes, text, home = body.attributes, self.text, self.home
        while True:
            self.end = _SPACE(text, self.end).end()  # type: ignore[union-attr]  # matches anything
            found = _SIMPLE(text, self.end)
            if found is not None:
                name = found[1]
                if name in attributes:
                    raise Refused
                self.end = found.end()
                attributes[name] = Attribute(home, name, found.start(1), self.simple(found))
                continue
            self.advance()
            if self.kind == "name":
                self.item(body)
                if self.kind != "line" and self.kind != "end":
                    raise Refused
            elif self.kind != "line":
                return

    def simple(self, found: re.Match[str]) -> Expr:
        """The value of a simple line: a text, a number, `true`, or `a.b.c`."""
        home = self.home
        if found[2] is not None:
            return Literal(home, found.start(2) - 1, found.end(2) + 1, found[2])
        if found[4] is not None:
            return Literal(home, *found.span(4), int(found[4]))
        start = found.start(3)
        first, *rest = found[3].split(".")
        at = start + len(first)
        made: Expr = (
            Literal(home, start, at, _WORDS[first]) if first in _WORDS else hcl.Variable(home, start, at, first)
        )
        for name in rest:
            at += len(name) + 1
            made = hcl.GetAttr(home, start, at, made, name)
        return made

    def item(self, body: Body) -> None:
        """One attribute or block."""
        name, start = self.value, self.start
        self.advance()
        if self.at("="):
            if name in body.attributes:
                raise Refused
            self.advance()
            body.attributes[name] = Attribute(self.home, name, start, self.expression())
            return
        labels: list[str] = []
        while self.kind in ("name", "text"):
            labels.append(self.value if self.kind == "name" else hcl._unescaped(self.value[1:-1]))
            self.advance()
        header_end = self.before
        if not self.at("{"):
            raise Refused
        inner = Body({}, [])
        self.deeper()
        self.advance()
        if self.kind == "line":
            self.items(inner)
        elif self.kind == "name":  # one attribute, in the line of the braces
            word, begin = self.value, self.start
            self.advance()
            self.expect("=")
            inner.attributes[word] = Attribute(self.home, word, begin, self.expression())
        self.expect("}")
        self.depth -= 1
        body.blocks.append(Block(name, tuple(labels), inner, self.home, start, header_end, self.before))

    # expressions: each begins at the token looked at, and leaves the one behind it to be looked at

    def expression(self) -> Expr:
        start = self.start
        made = self.operation(1)
        if self.kind != "sign" or self.value != "?":
            return made
        self.deeper()
        self.advance()
        yes = self.expression()
        self.expect(":")
        no = self.expression()
        self.depth -= 1
        return hcl.Conditional(self.home, start, self.before, made, yes, no)

    def operation(self, level: int) -> Expr:
        start = self.start
        made = self.operand()
        count = 0
        while self.kind == "sign":
            sign = self.value
            found = _LEVELS.get(sign, 0)
            if found < level:
                break
            count += 1
            if count > hcl.DEPTH:
                raise Refused
            self.advance()
            right = self.operation(found + 1)
            made = hcl.Binary(self.home, start, self.before, sign, made, right)
        return made

    def operand(self) -> Expr:
        kind, value, start = self.kind, self.value, self.start
        if kind == "name":
            self.advance()
            if self.kind == "sign" and (self.value == "(" or self.value == "::"):
                made = self.call(value, start)
            elif value in _WORDS:
                made = Literal(self.home, start, self.before, _WORDS[value])
            else:
                made = hcl.Variable(self.home, start, self.before, value)
        elif kind == "text":
            self.advance()
            made = Literal(self.home, start, self.before, hcl._unescaped(value[1:-1]))
        elif kind == "number":
            self.advance()
            if self.at(".") and self.text[self.end : self.end + 1].isdigit():
                raise Refused  # 1.2.3
            made = Literal(self.home, start, self.before, hcl._number(value))
        elif kind == "quote":
            made = self.quoted()
        elif kind == "here":
            return self.heredoc()
        elif kind == "sign":
            if value == "-" or value == "!":
                return self.unary()
            made = self.bracketed()
        else:
            raise Refused
        if self.kind == "sign" and (self.value == "." or self.value == "["):
            return self.steps(made, start)
        return made

    def unary(self) -> Expr:
        start, sign = self.start, self.value
        self.deeper()
        self.advance()
        of = self.operand()
        self.depth -= 1
        return hcl.Unary(self.home, start, self.before, sign, of)

    def bracketed(self) -> Expr:
        """`(a)`, `[a]`, `{ a = b }`: newlines are read otherwise within than without."""
        sign, start, outer = self.value, self.start, self.match
        if sign not in ("(", "[", "{"):
            raise Refused
        self.deeper()
        self.match = _ANYWHERE
        self.advance()
        if sign == "(":
            made = self.expression()
            self.close(")", outer)
        elif self.kind == "name" and self.value == "for":
            made = self.for_(start, "]" if sign == "[" else "}", outer)
        elif sign == "[":
            items, expands = self.listed("]", outer)
            if expands:
                raise Refused
            made = hcl.Tuple(self.home, start, self.before, items)
        else:
            pairs = self.pairs(outer)
            made = hcl.Object(self.home, start, self.before, pairs)
        self.depth -= 1
        return made

    def close(self, sign: str, outer: Any) -> None:
        """Past a closing sign, and back to how newlines were read before."""
        self.match = outer
        self.expect(sign)

    def listed(self, closing: str, outer: Any) -> tuple[list[Expr], bool]:
        """Expressions with commas between, and whether `...` stands behind the last."""
        items: list[Expr] = []
        expands = False
        while not self.at(closing):
            items.append(self.expression())
            if self.at(","):
                self.advance()
                continue
            expands = self.at("...")
            if expands:
                self.advance()
            break
        self.close(closing, outer)
        return items, expands

    def pairs(self, outer: Any) -> list[tuple[Expr, Expr]]:
        """The items of an object: each ends at a comma, or with its line."""
        found: list[tuple[Expr, Expr]] = []
        while not self.at("}"):
            self.match = _IN_LINE
            key = self.key()
            if not self.at("=") and not self.at(":"):
                raise Refused
            self.advance()
            found.append((key, self.expression()))
            if self.kind == "line" or self.at(","):
                self.match = _ANYWHERE
                self.advance()
            elif not self.at("}"):
                raise Refused
        self.close("}", outer)
        return found

    def key(self) -> Expr:
        bare = not self.at("(")
        key = self.expression()
        if bare and isinstance(key, hcl.Variable):
            return Literal(key.home, key.start, key.end, key.name)
        if isinstance(key, Literal) and not isinstance(key.value, str):
            return Literal(key.home, key.start, key.end, key.text)
        return key

    def for_(self, start: int, closing: str, outer: Any) -> Expr:
        names, over = self.introduction()
        self.expect(":")
        key: Expr | None = None
        result = self.expression()
        groups = False
        if closing == "}":
            key = result
            self.expect("=>")
            result = self.expression()
            groups = self.at("...")
            if groups:
                self.advance()
        condition: Expr | None = None
        if self.kind == "name" and self.value == "if":
            self.advance()
            condition = self.expression()
        self.close(closing, outer)
        return hcl.For(self.home, start, self.before, names, over, key, result, condition, groups)

    def introduction(self) -> tuple[list[str], Expr]:
        """`for a, b in c`"""
        self.advance()
        names = [self.name()]
        self.advance()
        if self.at(","):
            self.advance()
            names.append(self.name())
            self.advance()
        if self.name() != "in":
            raise Refused
        self.advance()
        return names, self.expression()

    def call(self, name: str, start: int) -> Expr:
        while self.at("::"):
            self.advance()
            name = f"{name}::{self.name()}"
            self.advance()
        outer, self.match = self.match, _ANYWHERE
        self.deeper()
        self.expect("(")
        arguments, expands = self.listed(")", outer)
        self.depth -= 1
        return hcl.Call(self.home, start, self.before, name, arguments, expands)

    def steps(self, made: Expr, start: int) -> Expr:
        """What stands behind an operand: `.name`, `[key]`, `[*]`."""
        taken = 0
        while self.kind == "sign" and (self.value == "." or self.value == "["):
            taken += 1
            if taken > hcl.DEPTH:
                raise Refused
            made = self.dotted(made, start) if self.value == "." else self.indexed(made, start)
        return made

    def indexed(self, made: Expr, start: int) -> Expr:
        outer, self.match = self.match, _ANYWHERE
        begin = self.start
        self.deeper()
        self.advance()
        if self.at("*"):
            self.advance()
            self.close("]", outer)
            star = hcl.Variable(self.home, begin, self.before, "*")
            each = self.steps(star, begin)  # all that stands behind it is taken of each item
            made = hcl.Splat(self.home, start, self.before, made, each)
        else:
            key = self.expression()
            self.close("]", outer)
            made = hcl.Index(self.home, start, self.before, made, key)
        self.depth -= 1
        return made

    def dotted(self, made: Expr, start: int) -> Expr:
        begin = self.start
        self.advance()
        value = self.value
        if self.kind == "name":
            self.advance()
            return hcl.GetAttr(self.home, start, self.before, made, value)
        if self.at("*"):
            each: Expr = hcl.Variable(self.home, begin, self.end, "*")
            self.advance()
            taken = 0
            while self.at(".") and taken < hcl.DEPTH:  # but no index: that applies to the list
                taken += 1
                each = self.dotted(each, begin)
            return hcl.Splat(self.home, start, self.before, made, each)
        if self.kind == "number" and value.isdigit():  # `.0`, as it was written once; `.0.1` is refused by all
            self.advance()
            return hcl.Index(self.home, start, self.before, made, Literal(self.home, begin, self.before, int(value)))
        raise Refused

    # templates

    def quoted(self) -> Expr:
        start = self.start
        parts = self.parts(self.quoted_text, hcl._unescaped)
        if not self.text.startswith('"', self.end):
            raise Refused
        self.end += 1
        self.advance()
        return self.template(parts, start, self.before)

    def heredoc(self) -> Expr:
        start, opening = self.start, self.value.strip()
        word = opening.lstrip("<-")
        closing = re.compile(rf"[ \t]*{re.escape(word)}[ \t\r]*(?:\n|\Z)").match
        parts = self.parts(lambda: self.heredoc_text(closing), None)
        if closing(self.text, self.end) is None:
            raise Refused
        self.end = self.text.index(word, self.end) + len(word)
        if opening.startswith("<<-"):
            parts = _lines(parts)
            hcl._dedent(parts)
        self.advance()
        return self.template(_without_escapes(parts), start, self.before)

    def whole_template(self, end: int) -> Expr:
        start = self.end
        parts = self.parts(lambda: self.heredoc_text(lambda text, at: None), None)
        if self.end != end:
            raise Refused
        return self.template(_without_escapes(parts), start, end)

    def parts(self, read: Callable[[], str], unescape: Callable[[str], str] | None) -> list[Part]:
        """Text, expressions and directives in turn, from the end of the token looked at. A `~` takes the blanks away
        beside it: in heredocs up to the end of a line."""
        parts: list[Part] = []
        strip = False
        while True:
            raw = read()
            words = unescape(raw) if unescape else raw
            mark = _MARK(self.text, self.end)
            if strip:
                words = words.lstrip() if unescape else hcl._strip_left(words)
            if mark and mark[0].endswith("~"):
                words = words.rstrip() if unescape else hcl._strip_right(words)
            parts.append(words)
            if mark is None:
                return parts
            parts.append(self.marked(mark))
            strip = self.kind == "strip"

    def quoted_text(self) -> str:
        start = self.end
        self.end = _QUOTED(self.text, start).end()  # type: ignore[union-attr]  # matches anything
        return self.text[start : self.end]

    def heredoc_text(self, closing: Callable[[str, int], Any]) -> str:
        """Text up to an interpolation, or to the line that closes it."""
        text, start = self.text, self.end
        at = start
        while not (text[at - 1 : at] == "\n" and closing(text, at)):
            at = _LINE(text, at).end()  # type: ignore[union-attr]  # matches anything
            if not text.startswith("\n", at):
                break
            at += 1
        self.end = at
        return text[start:at]

    def marked(self, mark: re.Match[str]) -> Part:
        """An interpolation or a directive; its closing brace is the token looked at then."""
        outer, self.match = self.match, _ANYWHERE
        self.deeper()
        self.end = mark.end()
        self.advance()
        made: Part = self.expression() if mark[0].startswith("$") else self.directive(mark.start())
        if self.kind != "strip" and not self.at("}"):
            raise Refused
        self.match = outer
        self.depth -= 1
        return made

    def directive(self, start: int) -> _Directive:
        word = self.name()
        names: list[str] = []
        expr: Expr | None = None
        if word == "for":
            names, expr = self.introduction()
        else:
            self.advance()
            if word == "if":
                expr = self.expression()
            elif word not in ("else", "endif", "endfor"):
                raise Refused
        return _Directive(word, names, expr, start, self.end)

    def template(self, parts: list[Part], start: int, end: int) -> Expr:
        joined = _joined(self.nested(parts))
        if not joined:
            return Literal(self.home, start, end, "")
        if len(joined) == 1 and isinstance(joined[0], str):
            return Literal(self.home, start, end, joined[0])
        return Template(self.home, start, end, joined)

    def nested(self, parts: list[Part]) -> list[str | Expr]:
        """Directives with what stands between them."""
        outermost: list[str | Expr] = []
        open_: list[tuple[_Directive, list[list[str | Expr]]]] = []
        here = outermost
        for part in parts:
            if not isinstance(part, _Directive):
                here.append(part)
            elif part.word in ("if", "for"):
                if len(open_) > hcl.DEPTH:
                    raise Refused
                open_.append((part, [[]]))
                here = open_[-1][1][0]
            elif not open_ or (part.word == "endfor") != (open_[-1][0].word == "for"):
                raise Refused
            elif part.word == "else":
                if len(open_[-1][1]) > 1:
                    raise Refused
                open_[-1][1].append([])
                here = open_[-1][1][1]
            else:
                opened, branches = open_.pop()
                here = open_[-1][1][-1] if open_ else outermost
                here.append(self.branched(opened, branches, part.end))
        if open_:
            raise Refused
        return outermost

    def branched(self, opened: _Directive, branches: list[list[str | Expr]], end: int) -> Expr:
        assert opened.expr is not None
        pieces = [hcl.Piece(self.home, opened.start, end, _joined(branch)) for branch in branches]
        if opened.word == "for":
            return hcl.Repeat(self.home, opened.start, end, opened.names, opened.expr, None, pieces[0], None, False)
        no: Expr = pieces[1] if len(pieces) > 1 else Literal(self.home, end, end, "")
        return hcl.Conditional(self.home, opened.start, end, opened.expr, pieces[0], no)


def _joined(parts: list[str | Expr]) -> list[str | Expr]:
    joined: list[str | Expr] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return joined


def _lines(parts: list[Part]) -> list[Part]:
    lines: list[Part] = []
    for part in parts:
        lines += re.findall(r"[^\n]*\n|[^\n]+", part) if isinstance(part, str) else [part]
    return lines


def _without_escapes(parts: list[Part]) -> list[Part]:
    return [hcl._NOT_ESCAPE.sub(r"\1{", part) if isinstance(part, str) else part for part in parts]
