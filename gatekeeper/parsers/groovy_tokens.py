"""The pieces of a Groovy text, and what its strings hold. Joined, the pieces are the text again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.node import regex

DEPTH = 60  # of brackets and operators within one another


class Token(NamedTuple):
    """One piece of the text. `kind`: blank, comment, newline, name, number, string, open, close, sign.

    `ends` is False for a string or comment that the text does not finish.
    """

    kind: str
    start: int
    end: int
    text: str
    ends: bool = True


_PIECE = regex(
    r"(?P<blank>(?:[ \t\f\r\u00a0\ufeff]|\\\r?\n)+)|(?P<newline>\n)|(?P<comment>//[^\n]*|#![^\n]*|/\*)"
    r"|(?P<string>'''|\"\"\"|'|\"|\$/)|(?P<name>[^\W\d][\w$]*|\$[\w$]+)|(?P<number>\d[\d_]*(?:\.\d+)?\w*)"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])"
    r"|(?P<sign>==~|===|=~|==|!=|<=>|<=|>=|&&|\|\||\?\.|\?:|\*\.|\+\+|--|\+=|-=|->|::|\.\.|.)",
    16,  # re.DOTALL
)
_ENDS = {
    "'": regex(r"(?:[^'\\\n]|\\.)*", 16),
    "'''": regex(r"(?:[^'\\]|\\.|'(?!''))*", 16),
    "$/": regex(r"(?:[^/$]|\$.|/(?!\$))*", 16),
    "/": regex(r"(?:[^/\\\n]|\\.)*", 16),
}
_PLAIN = {'"': regex(r"(?:[^\"\\\n$]|\\.|\$(?!\{))*", 16), '"""': regex(r"(?:[^\"\\$]|\\.|\$(?!\{)|\"(?!\"\"))*", 16)}
_VALUE_KINDS = frozenset({"name", "number", "string", "close"})
_BEFORE_VALUE = frozenset({"return", "in", "case", "sh", "bat", "echo"})
CLOSING = {"(": ")", "[": "]", "{": "}"}


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self.last = Token("newline", 0, 0, "")  # the last that is neither blank nor comment
        self.no_slashy = 0  # up to here no slash opens a string: one that did found no end on its line
        self.open_for_good = False  # an interpolation was not closed; looking again would cost as much each time

    def run(self) -> list[Token]:
        at = 0
        while at < len(self.text):
            at = self.one(at)
        return self.tokens

    def one(self, at: int) -> int:
        match = _PIECE.match(self.text, at)
        assert match and match.lastgroup  # every character is at least a sign
        kind, written = match.lastgroup, match[0]
        if kind == "comment" and written == "/*":
            end = self.text.find("*/", at + 2)
            return self.add("comment", at, len(self.text) if end < 0 else end + 2, end >= 0)
        if kind == "comment" and written.startswith("#!") and at:
            return self.add("sign", at, at + 1)
        if kind == "string":
            return self.string(at, written)
        if written == "/" and at >= self.no_slashy and self.wants_value():
            return self.slashy(at)
        return self.add(kind, at, match.end())

    def add(self, kind: str, start: int, end: int, ends: bool = True) -> int:
        token = Token(kind, start, end, self.text[start:end], ends)
        self.tokens.append(token)
        if kind not in ("blank", "comment"):
            self.last = token
        return end

    def wants_value(self) -> bool:
        return self.last.kind not in _VALUE_KINDS or self.last.text in _BEFORE_VALUE

    def string(self, at: int, quote: str) -> int:
        begin = at + len(quote)
        if quote in _PLAIN:
            end = self.past_interpolated(begin, quote)
        else:
            match = _ENDS[quote].match(self.text, begin)
            end = match.end() if match else begin
        closing = "/$" if quote == "$/" else quote
        whole = self.text.startswith(closing, end)
        return self.add("string", at, end + len(closing) if whole else end, whole)

    def slashy(self, at: int) -> int:
        match = _ENDS["/"].match(self.text, at + 1)
        end = match.end() if match else at + 1
        if match and end > at + 1 and self.text.startswith("/", end):
            return self.add("string", at, end + 1)
        self.no_slashy = max(end, at + 1)
        return self.add("sign", at, at + 1)

    def past_interpolated(self, at: int, quote: str) -> int:
        """Where a string with `${ }` in it ends: at its closing quote, or where it may go no further."""
        while True:
            match = _PLAIN[quote].match(self.text, at)
            at = match.end() if match else at
            if not self.text.startswith("${", at):
                return at
            inner = None if self.open_for_good else past_interpolation(self.text, at)
            if inner is None:
                self.open_for_good = True
                at += 2
            else:
                at = inner


_INSIDE = regex(r"[^{}\"'\\]+")


def past_interpolation(text: str, at: int) -> int | None:
    """The character after the `${ }` that starts at `at`; strings inside, and what they hold, are honoured."""
    stack: list[str] = []
    at += 1
    while at < len(text):
        top = stack[-1] if stack else ""
        char = text[at]
        if top in ("'", '"', "'''", '"""'):
            at = _in_string(text, at, stack)
        elif char == "{":
            stack.append("{")
            at += 1
        elif char == "}":
            stack.pop()
            at += 1
            if not stack:
                return at
        elif char in "\"'":
            quote = char * 3 if text.startswith(char * 3, at) else char
            stack.append(quote)
            at += len(quote)
        else:
            run = _INSIDE.match(text, at)
            at = run.end() if run else at + 1
    return None


_STRING_RUN = regex(r"[^\"'\\$\n]+")


def _in_string(text: str, at: int, stack: list[str]) -> int:
    quote = stack[-1]
    if text.startswith(quote, at) or (text[at] == "\n" and len(quote) == 1):
        stack.pop()
        return at + (len(quote) if text[at] != "\n" else 1)
    if text[at] == "\\":
        return at + 2
    if quote[0] == '"' and text.startswith("${", at):
        stack.append("{")
        return at + 2
    run = _STRING_RUN.match(text, at)
    return run.end() if run else at + 1


def tokens(text: str) -> list[Token]:
    """All pieces of the text in their order: joined they are the text again."""
    return _Scanner(text).run()


_ESCAPE = regex(r"\\(?:\r?\n|u[0-9a-fA-F]{4}|.)", 16)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "s": " "}
_SIMPLE = regex(r"\$([^\W\d]\w*(?:\.[^\W\d]\w*)*)")


def _unescaped(written: str) -> str:
    inner = written[1:]
    if inner.startswith(("\n", "\r")):
        return ""
    if inner[0] == "u" and len(inner) == 5:
        return chr(int(inner[1:], 16))
    return _ESCAPES.get(inner, inner)


def _quotes(written: str) -> tuple[str, str]:
    for quote in ("'''", '"""', "$/", "'", '"', "/"):
        if written.startswith(quote):
            return quote, "/$" if quote == "$/" else quote
    return "", ""


class Text(NamedTuple):
    """What a string holds, and on which line of its file each of its lines begins. `template`: `$` means something."""

    text: str
    lines: tuple[int, ...]
    template: bool


def text_of(written: str, line: int = 1) -> Text:
    """The text of a string as it stands in a file, from its opening quote on that line to its closing one."""
    quote, closing = _quotes(written)
    body = written[len(quote) :]
    body = body[: -len(closing)] if body.endswith(closing) else body
    if quote in ("/", "$/"):
        text = body.replace("\\/", "/") if quote == "/" else body.replace("$$", "$").replace("$/", "/")
        return Text(text, tuple(line + n for n in range(text.count("\n") + 1)), "$" in text)
    parts: list[str] = []
    starts = [line]
    at = 0
    for match in _ESCAPE.finditer(body):
        _counted(body[at : match.start()], parts, starts, line)
        line += body.count("\n", at, match.start())
        decoded = _unescaped(match[0])
        parts.append(decoded)
        starts += [line] * decoded.count("\n")
        line += match[0].count("\n")
        at = match.end()
    _counted(body[at:], parts, starts, line)
    text = "".join(parts)
    return Text(text, tuple(starts), quote[0] == '"' and "$" in body)


def _counted(part: str, parts: list[str], starts: list[int], line: int) -> None:
    parts.append(part)
    starts += [line + n + 1 for n in range(part.count("\n"))]


def interpolations(text: str) -> Iterator[tuple[int, int, str]]:
    """Every `${ }` and `$name` of a text: where it starts, where it ends, and the expression."""
    at = text.find("$")
    hopeless = False
    while at >= 0:
        end = at + 1
        if text.startswith("${", at) and not hopeless:
            past = past_interpolation(text, at)
            hopeless = past is None
            if past is not None:
                yield at, past, text[at + 2 : past - 1].strip()
                end = past
        else:
            simple = _SIMPLE.match(text, at)
            if simple:
                yield at, simple.end(), simple[1]
                end = simple.end()
        at = text.find("$", end)
