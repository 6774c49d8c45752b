"""Expressions of Groovy as conditions use them, as trees. What is no such expression has none."""

from __future__ import annotations

from functools import lru_cache

from gatekeeper.parsers.groovy_tokens import DEPTH, Token, text_of, tokens

Tree = tuple[object, ...]

_BINARY = (("||",), ("&&",), ("==", "!=", "==~", "=~", "===", "<=>"), ("<", "<=", ">", ">=", "in"), ("+", "-"))
_LENGTH = 5_000


class _MalformedError(Exception):
    pass


@lru_cache(maxsize=2048)
def expression(text: str) -> Tree | None:
    """The tree of a condition, None when it is none that is understood.

    Nodes: (literal, value), (path, dotted), (list, …), (call, receiver or None, name, arguments), (!, a), (?, a, b, c),
    and (operator, a, b).
    """
    if len(text) > _LENGTH:
        return None
    pieces = [token for token in tokens(text) if token.kind not in ("blank", "comment", "newline")]
    reader = _Conditions(pieces)
    try:
        tree = reader.ternary()
    except _MalformedError:
        return None
    return tree if reader.at == len(pieces) else None


class _Conditions:
    def __init__(self, pieces: list[Token]) -> None:
        self.pieces = pieces
        self.at = 0
        self.depth = 0

    def sign(self) -> str:
        if self.at >= len(self.pieces) or self.pieces[self.at].kind == "string":
            return ""
        return self.pieces[self.at].text

    def take(self, sign: str) -> None:
        if self.sign() != sign:
            raise _MalformedError
        self.at += 1

    def ternary(self) -> Tree:
        self.depth += 1
        if self.depth > DEPTH:
            raise _MalformedError
        tree = self.binary(0)
        if self.sign() == "?":
            self.at += 1
            left = self.ternary()
            self.take(":")
            tree = ("?", tree, left, self.ternary())
        elif self.sign() == "?:":
            self.at += 1
            tree = ("||", tree, self.ternary())
        self.depth -= 1
        return tree

    def binary(self, level: int) -> Tree:
        if level == len(_BINARY):
            return self.unary()
        tree = self.binary(level + 1)
        count = 0
        while self.sign() in _BINARY[level]:
            sign = self.sign()
            self.at += 1
            tree = (sign, tree, self.binary(level + 1))
            count += 1
            if count > DEPTH:
                raise _MalformedError
        return tree

    def unary(self) -> Tree:
        if self.sign() == "!":
            self.depth += 1
            if self.depth > DEPTH:
                raise _MalformedError
            self.at += 1
            tree: Tree = ("!", self.unary())
            self.depth -= 1
            return tree
        return self.postfix(self.primary())

    def primary(self) -> Tree:
        if self.at >= len(self.pieces):
            raise _MalformedError
        token = self.pieces[self.at]
        self.at += 1
        if token.kind == "string":
            text = text_of(token.text)
            return ("template", text.text) if text.template and token.text[:1] == '"' else ("literal", text.text)
        if token.kind == "number":
            return ("literal", int(token.text)) if token.text.isdigit() and len(token.text) < 19 else ("opaque",)
        if token.text == "(":
            tree = self.ternary()
            self.take(")")
            return tree
        if token.text == "[":
            return ("list", *self.listed("]"))
        if token.kind != "name":
            raise _MalformedError
        words: dict[str, Tree] = {"true": ("literal", True), "false": ("literal", False), "null": ("literal", None)}
        if token.text in words:
            return words[token.text]
        if self.sign() == "(":
            self.at += 1
            return ("call", None, token.text, self.listed(")"))
        return ("path", token.text)

    def listed(self, closing: str) -> tuple[Tree, ...]:
        found: list[Tree] = []
        while self.sign() != closing:
            tree = self.ternary()
            if self.sign() == ":":  # a named argument or an entry of a map
                self.at += 1
                tree = ("opaque", tree, self.ternary())
            found.append(tree)
            if self.sign() != closing:
                self.take(",")
        self.at += 1
        return tuple(found)

    def postfix(self, tree: Tree) -> Tree:
        count = 0
        while self.sign() in (".", "?.", "["):
            count += 1
            if count > DEPTH:
                raise _MalformedError
            opened = self.sign()
            self.at += 1
            if opened == "[":
                inner = self.ternary()
                self.take("]")
                named = tree[0] == "path" and inner[0] == "literal" and isinstance(inner[1], str)
                tree = ("path", f"{tree[1]}.{inner[1]}") if named else ("opaque", tree, inner)
                continue
            if self.at >= len(self.pieces) or self.pieces[self.at].kind not in ("name", "string"):
                raise _MalformedError
            name = self.pieces[self.at].text
            self.at += 1
            if self.sign() == "(":
                self.at += 1
                tree = ("call", tree, name, self.listed(")"))
            else:
                tree = ("path", f"{tree[1]}.{name}") if tree[0] == "path" else ("opaque", tree)
        return tree
