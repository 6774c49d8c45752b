"""GitHub's `if:` expressions in three values: true, false, and not known from the files.

Source: "Evaluate expressions in workflows and actions" of GitHub's documentation. An `Unknown` may still know whether
it is true: `x && false` is false whatever `x` is. Nothing unknown ever becomes a definite answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from gatekeeper.node import regex


class Unknown(NamedTuple):
    """A value nobody can tell; `truth` when it is certain whether it counts as true."""

    truth: bool | None = None


UNKNOWN = Unknown()
Value = Any  # None | bool | float | str | tuple of values | Unknown
Functions = Mapping[str, Value]

LENGTH = 10_000  # characters; GitHub refuses more than 21,000
DEPTH = 50

_TOKEN = regex(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?(?:0x[0-9a-fA-F]{1,16}|\d{1,30}(?:\.\d{1,30})?(?:[eE][-+]?\d{1,3})?))"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|(?P<sign>&&|\|\||==|!=|<=|>=|[!<>()\[\].,*]))"
)
_PATH = regex(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*\Z")
_STATUS = frozenset({"success", "failure", "always", "cancelled"})
_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None}


class _MalformedError(Exception):
    pass


Tree = tuple[Any, ...]


@lru_cache(maxsize=4096)
def parse(text: str) -> Tree | None:
    """The expression's tree; None when it is none that GitHub would take."""
    if len(text) > LENGTH:
        return None
    path = text.lower()
    if _PATH.match(text) and path.partition(".")[0] not in _WORDS:  # as most of them are
        return ("path", path)
    try:
        parser = _Parser(list(_tokens(text)))
        tree = parser.expression(0)
        return tree if parser.at == len(parser.tokens) else None
    except _MalformedError:
        return None


@lru_cache(maxsize=4096)
def condition(text: str) -> Tree | None:
    """The tree of an `if:` as written: with or without `${{ }}`.

    Text around the braces makes it a string, and true: also the line break that a block scalar leaves behind them.
    """
    stripped = text.strip()
    if "${{" not in stripped:
        return parse(stripped)
    whole = stripped.startswith("${{") and stripped.endswith("}}") and stripped.count("${{") == 1
    if whole and not text.endswith("\n"):
        return parse(stripped[3:-2].strip())
    inner = [tree for _, _, each in found(stripped) if (tree := parse(each)) and names_status(tree)]
    literal = ("literal", text if text.endswith("\n") else stripped)
    return ("||", literal, *inner) if inner else literal


def found(text: str) -> Iterator[tuple[int, int, str]]:
    """Every `${{ … }}` of a text: where it starts, where it ends, and what stands inside."""
    start = text.find("${{")
    while start >= 0:
        end = text.find("}}", start)
        if end < 0:
            return
        yield start, end + 2, text[start + 3 : end].strip()
        start = text.find("${{", end)


def names_status(tree: Tree) -> bool:
    """Whether it calls success(), failure(), always() or cancelled(): GitHub adds success() to what does not."""
    return any(node[0] == "call" and node[1] in _STATUS for node in walk(tree))


def walk(tree: Tree) -> Iterator[Tree]:
    """Every node of a tree."""
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack += [child for child in node[1:] if isinstance(child, tuple) and child and isinstance(child[0], str)]
        if node[0] == "call":
            stack += node[2]


def evaluate(tree: Tree, contexts: Callable[[str], Value], status: Functions) -> Value:
    """The value of a tree. `contexts` answers for a dotted lower-case path (`github.ref`), `status` for `success` …"""
    return _Evaluator(contexts, status).value(tree)


def truth(value: Value) -> bool | None:
    """Whether a value counts as true; None when that is not known."""
    if isinstance(value, Unknown):
        return value.truth
    return not (
        value is None or value is False or value == "" or (_is_number(value) and (value == 0 or value != value))
    )


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if not match or match.lastgroup is None:
            raise _MalformedError
        yield match.lastgroup, match[match.lastgroup]
        at = match.end()


class _Parser:
    """Precedence climbing over the tokens: || then && then equality then order then !."""

    _LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="))

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) and self.kind() == "sign" else ""

    def kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def take(self, sign: str) -> None:
        if self.peek() != sign:
            raise _MalformedError
        self.at += 1

    def expression(self, level: int) -> Tree:
        if level == len(self._LEVELS):
            return self.unary()
        left = self.expression(level + 1)
        chained = 0
        while self.peek() in self._LEVELS[level]:
            sign = self.peek()
            self.at += 1
            right = self.expression(level + 1)
            left = (*left, right) if chained and sign in ("||", "&&") else (sign, left, right)
            chained += 1
            if chained > DEPTH and sign not in ("||", "&&"):
                raise _MalformedError
        return left

    def unary(self) -> Tree:
        self.depth += 1
        if self.depth > DEPTH:
            raise _MalformedError
        if self.peek() == "!":
            self.at += 1
            tree: Tree = ("!", self.unary())
        else:
            tree = self.access(self.primary())
        self.depth -= 1
        return tree

    def primary(self) -> Tree:
        kind = self.kind()
        if self.peek() == "(":
            self.at += 1
            inner = self.expression(0)
            self.take(")")
            return inner
        if kind not in ("text", "number", "name"):
            raise _MalformedError
        word = self.tokens[self.at][1]
        self.at += 1
        if kind == "text":
            return ("literal", word[1:-1].replace("''", "'"))
        if kind == "number":
            return ("literal", float(int(word, 16)) if "x" in word else float(word))
        if self.peek() == "(":
            return ("call", word.lower(), self.arguments())
        if word.lower() in _WORDS:
            return ("literal", _WORDS[word.lower()])
        return ("path", word.lower())

    def arguments(self) -> tuple[Tree, ...]:
        self.take("(")
        found: list[Tree] = []
        while self.peek() != ")":
            found.append(self.expression(0))
            if self.peek() != ")":
                self.take(",")
        self.take(")")
        return tuple(found)

    def access(self, tree: Tree) -> Tree:
        while self.peek() in (".", "["):
            self.at += 1
            if self.tokens[self.at - 1][1] == ".":
                if self.kind() not in ("name",) and self.peek() != "*":
                    raise _MalformedError
                step: Tree = ("literal", self.tokens[self.at][1])
                self.at += 1
            elif self.peek() == "*":
                step = ("literal", "*")
                self.at += 1
                self.take("]")
            else:
                step = self.expression(0)
                self.take("]")
            tree = self.joined(tree, step)
        return tree

    def joined(self, tree: Tree, step: Tree) -> Tree:
        if tree[0] == "path" and step[0] == "literal" and isinstance(step[1], str):
            return ("path", f"{tree[1]}.{step[1].lower()}")
        return (*tree, step) if tree[0] == "opaque" else ("opaque", tree, step)


class _Evaluator:
    def __init__(self, contexts: Callable[[str], Value], status: Functions) -> None:
        self.contexts = contexts
        self.status = status

    def value(self, tree: Tree) -> Value:
        kind = tree[0]
        if kind == "literal":
            return tree[1]
        if kind == "path":
            return self.contexts(tree[1])
        if kind == "!":
            inner = truth(self.value(tree[1]))
            return UNKNOWN if inner is None else not inner
        if kind == "&&":
            return self.both(tree)
        if kind == "||":
            return self.either(tree)
        if kind == "call":
            return self.call(tree[1], tree[2])
        if kind == "opaque":
            return UNKNOWN
        return self.compared(kind, tree[1], tree[2])

    def both(self, tree: Tree) -> Value:
        """The first that is false, else the last; false is certain as soon as one of them certainly is."""
        sure = True
        value: Value = UNKNOWN
        for part in tree[1:]:
            value = self.value(part)
            if truth(value) is False:
                return value if sure else Unknown(False)
            sure = sure and truth(value) is True
        return value if sure else UNKNOWN

    def either(self, tree: Tree) -> Value:
        """The first that is true, else the last; true is certain as soon as one of them certainly is."""
        sure = True
        value: Value = UNKNOWN
        for part in tree[1:]:
            value = self.value(part)
            if truth(value) is True:
                return value if sure else Unknown(True)
            sure = sure and truth(value) is False
        return value if sure else UNKNOWN

    def compared(self, sign: str, a: Tree, b: Tree) -> Value:
        left, right = self.value(a), self.value(b)
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return UNKNOWN
        if sign in ("==", "!="):
            return _same(left, right) is (sign == "==")
        return _ordered(sign, left, right)

    def call(self, name: str, arguments: tuple[Tree, ...]) -> Value:
        if name in _STATUS:
            return self.status.get(name, UNKNOWN)
        if name == "case":
            return self.case(arguments)
        values = [self.value(argument) for argument in arguments]
        if name == "fromjson" and len(values) == 1:
            return _from_json(values[0])
        if name == "format" and values:
            return _formatted(values)
        if len(values) != 2 or name not in ("contains", "startswith", "endswith"):
            return UNKNOWN
        where, what = values
        if isinstance(where, tuple) and not isinstance(where, Unknown):
            return self.among(where, what)
        if isinstance(where, Unknown) or isinstance(what, tuple):  # an Unknown is a tuple too
            return UNKNOWN
        text, part = _text(where), _text(what)
        if name == "contains":
            return part in text
        return text.startswith(part) if name == "startswith" else text.endswith(part)

    def case(self, arguments: tuple[Tree, ...]) -> Value:
        """The value behind the first condition that holds, else the last argument."""
        if len(arguments) % 2 == 0:
            return UNKNOWN
        for condition, value in zip(arguments[:-1:2], arguments[1::2], strict=True):
            holds = truth(self.value(condition))
            if holds is None:
                return UNKNOWN
            if holds:
                return self.value(value)
        return self.value(arguments[-1])

    def among(self, items: tuple[Value, ...], what: Value) -> Value:
        if isinstance(what, (Unknown, tuple)):
            return UNKNOWN if items else False
        if any(not isinstance(item, Unknown) and _same(item, what) for item in items):
            return True
        return UNKNOWN if any(isinstance(item, Unknown) for item in items) else False


def _from_json(value: Value) -> Value:
    """What a JSON text holds: a scalar, or a list of scalars; anything else is not followed."""
    if not isinstance(value, str):
        return UNKNOWN
    try:
        made = json.loads(value)
    except (ValueError, RecursionError):
        return UNKNOWN
    if isinstance(made, list):
        return tuple(each if each is None or isinstance(each, (str, bool, int, float)) else UNKNOWN for each in made)
    return made if made is None or isinstance(made, (str, bool, int, float)) else UNKNOWN


_HOLE = regex(r"\{\{|\}\}|\{(\d{1,3})\}")


def _formatted(values: list[Value]) -> Value:
    """`format('{0}', x)` of what is known."""
    text, *given = values
    if not isinstance(text, str) or any(isinstance(each, tuple) for each in given):
        return UNKNOWN
    if any(found[1] and int(found[1]) >= len(given) for found in _HOLE.finditer(text)):
        return UNKNOWN
    return _HOLE.sub(lambda found: _shown(given[int(found[1])]) if found[1] else found[0][0], text)


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value: Value) -> float:
    if value is None or value == "":
        return 0.0
    try:
        return float(value) if not isinstance(value, str) else float(value.strip() or 0)
    except (ValueError, TypeError):
        return float("nan")


def _text(value: Value) -> str:
    return _shown(value).casefold()


def _shown(value: Value) -> str:
    """A value as GitHub puts it into a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _same(left: Value, right: Value) -> bool:
    if isinstance(left, tuple) or isinstance(right, tuple):
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    if type(left) is type(right):
        return bool(left == right)
    return _number(left) == _number(right)


def _ordered(sign: str, left: Value, right: Value) -> Value:
    if isinstance(left, tuple) or isinstance(right, tuple):
        return False
    if isinstance(left, str) and isinstance(right, str):
        a: Any = left.casefold()
        b: Any = right.casefold()
    else:
        a, b = _number(left), _number(right)
    if sign == "<":
        return bool(a < b)
    if sign == "<=":
        return bool(a <= b)
    return bool(a > b) if sign == ">" else bool(a >= b)
