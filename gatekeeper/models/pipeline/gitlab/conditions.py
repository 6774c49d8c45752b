"""The expressions of `rules:if` and `only:variables`, in three values: true, false, and not known from the files.

Source: "Specify when jobs run with rules" of GitLab's documentation. `==`, `!=`, `=~` and `!~` bind closest, then `&&`,
then `||`. Patterns are RE2's, so they are searched in linear time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from gatekeeper.models.terraform.regexes import Unsupported, compiled
from gatekeeper.node import regex


class Unknown(NamedTuple):
    """A value nobody can tell; `truth` when it is certain whether it counts as true."""

    truth: bool | None = None


class Sample(NamedTuple):
    """A value that stands for others. `pattern`: they are those that it matches; '' : all that no condition names."""

    text: str
    pattern: str = ""


UNKNOWN = Unknown()
SOMETHING = Unknown(True)  # not empty; what it is, nobody can tell
Value = Any  # None | str | Unknown | Sample | bool
Tree = tuple[Any, ...]
Lookup = Callable[[str], Value]

TOKENS = 100  # GitLab's own limit
LENGTH = 5000

_TOKEN = regex(
    r"\s*(?:(?P<name>\$(?:[A-Za-z_][A-Za-z0-9_]{0,254}|\{[A-Za-z_][A-Za-z0-9_]{0,254}\}))|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<pattern>/(?:\\/|[^/])+/[ismU]{0,4})|(?P<word>null|true|false)\b|(?P<sign>&&|\|\||==|!=|=~|!~|[()]))"
)
_COMPARE = ("==", "!=", "=~", "!~")


class _MalformedError(Exception):
    pass


@lru_cache(maxsize=4096)
def parse(text: str) -> Tree | None:
    """The expression's tree; None when it is none that GitLab would take."""
    if len(text) > LENGTH:
        return None
    try:
        tokens = list(_tokens(text))
        parser = _Parser(tokens)
        tree = parser.either()
        return tree if parser.at == len(tokens) else None
    except (_MalformedError, RecursionError):
        return None


def walk(tree: Tree) -> Iterator[Tree]:
    """Every node of a tree."""
    stack: list[Tree] = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack += [child for child in node[1:] if isinstance(child, tuple)]


def truth(tree: Tree, lookup: Lookup) -> bool | None:
    """Whether an expression holds; None when that is not known."""
    return _truth(_value(tree, lookup))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, end = 0, len(text.rstrip())
    for _ in range(TOKENS):
        if at >= end:
            return
        match = _TOKEN.match(text, at)
        if not match or match.lastgroup is None:
            raise _MalformedError
        yield match.lastgroup, match[match.lastgroup]
        at = match.end()
    raise _MalformedError


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0

    def sign(self) -> str:
        kind, word = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        return word if kind == "sign" else ""

    def either(self) -> Tree:
        parts = [self.both()]
        while self.sign() == "||":
            self.at += 1
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else ("||", *parts)

    def both(self) -> Tree:
        parts = [self.compared()]
        while self.sign() == "&&":
            self.at += 1
            parts.append(self.compared())
        return parts[0] if len(parts) == 1 else ("&&", *parts)

    def compared(self) -> Tree:
        left = self.primary()
        while self.sign() in _COMPARE:
            sign = self.sign()
            self.at += 1
            left = (sign, left, self.primary())
        return left

    def primary(self) -> Tree:
        if self.at >= len(self.tokens):
            raise _MalformedError
        kind, word = self.tokens[self.at]
        self.at += 1
        if word == "(" and kind == "sign":
            inner = self.either()
            if self.sign() != ")":
                raise _MalformedError
            self.at += 1
            return inner
        if kind == "sign":
            raise _MalformedError
        if kind == "name":
            return ("name", word.strip("${}"))
        if kind == "text":
            return ("text", word[1:-1])
        return (kind, word) if kind == "pattern" else ("word", {"null": None, "true": True, "false": False}[word])


def _value(tree: Tree, lookup: Lookup) -> Value:
    kind = tree[0]
    if kind == "name":
        return lookup(tree[1])
    if kind in ("text", "pattern", "word"):
        return tree[1]
    if kind in ("&&", "||"):
        return _joined(kind, [_truth(_value(part, lookup)) for part in tree[1:]])
    left, right = _value(tree[1], lookup), _value(tree[2], lookup)
    known = _same(left, right) if kind in ("==", "!=") else _matches(left, right)
    if known is None:
        return UNKNOWN
    return known if kind in ("==", "=~") else not known


def _joined(kind: str, parts: list[bool | None]) -> Value:
    decisive = kind == "||"
    if decisive in parts:
        return decisive
    return UNKNOWN if None in parts else not decisive


def _truth(value: Value) -> bool | None:
    """An empty text and null are false; `"false"` is a text that is not empty."""
    if isinstance(value, Unknown):
        return value.truth
    if isinstance(value, Sample):
        return True
    return value if isinstance(value, bool) else bool(value and value.strip())


def _same(left: Value, right: Value) -> bool | None:
    if isinstance(left, Sample) or isinstance(right, Sample):
        return _same_sample(left, right)
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Unknown):
            empty = other is None or other == ""
            return False if empty and one.truth else None
    return bool(left == right)


def _same_sample(left: Value, right: Value) -> bool | None:
    one, other = (left, right) if isinstance(left, Sample) else (right, left)
    if isinstance(other, (Sample, Unknown)):
        return True if one == other else None
    if other is None or other == "" or not one.pattern:
        return bool(other == one.text)
    return None if found(one.pattern, other) is not False else False


def _matches(left: Value, right: Value) -> bool | None:
    if right is None or isinstance(right, (Unknown, Sample)):
        return False if right is None else None
    pattern = str(right)
    if not pattern.startswith("/"):
        return None
    if isinstance(left, Sample):
        if left.pattern:
            return True if left.pattern == pattern else None
        return found(pattern, left.text)
    if isinstance(left, Unknown):
        return None
    return found(pattern, left or "")


@lru_cache(maxsize=4096)
def found(pattern: str, text: str) -> bool | None:
    """Whether `/pattern/flags` is found in a text; None for a pattern that cannot be read here."""
    body, _, flags = pattern[1:].rpartition("/")
    kept = "".join(sorted(set(flags) & set("ims")))
    try:
        return compiled(f"(?{kept}){body}" if kept else body).search(text) is not None
    except Unsupported:
        return None
