"""Groovy as Jenkinsfiles use it: calls with their arguments and blocks, assignments, and what branches around them.

Not a compiler. Strings, comments and brackets are understood exactly; what stands between them is read as statements as
far as it looks like one, and kept as text where it does not. Nothing is executed. Time is linear in the length of the
text; what is nested deeper than `DEPTH` is not read, and said to be so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gatekeeper.node import Expression, Fault, Node, Source
from gatekeeper.parsers.groovy_tokens import CLOSING, DEPTH, text_of, tokens

SIZE = 1_000_000  # characters of one file that are read
_AT_RUN_TIME = "is known only when the pipeline runs"


class Expr(NamedTuple):
    """A value: `node` knows it where it is a literal, else holds it as written.

    `calls` are the calls inside it, `block` the closure that it is, `items` what a list or a map holds.
    """

    node: Node
    calls: tuple[Call, ...] = ()
    block: Block | None = None
    items: tuple[tuple[str, Expr], ...] = ()


class Call(NamedTuple):
    """`name arguments { body }`. `name` is dotted as written; `then` is what is called on the result.

    `used`: its value goes somewhere, to a variable, a condition or another call.
    """

    name: str
    place: Node
    args: tuple[Expr, ...] = ()
    named: tuple[tuple[str, Expr], ...] = ()
    body: Block | None = None
    then: tuple[Call, ...] = ()
    used: bool = False

    def arg(self, *names: str, at: int | None = None) -> Expr | None:
        """The argument with one of these names, or else the one that stands `at` that place without a name."""
        for name, expr in self.named:
            if name in names:
                return expr
        return self.args[at] if at is not None and at < len(self.args) else None


class Assign(NamedTuple):
    """`name = value`, or `def name = value`."""

    name: str
    value: Expr
    place: Node


class If(NamedTuple):
    condition: Expr
    then: Block
    otherwise: Block | None


class Try(NamedTuple):
    body: Block
    catches: tuple[Block, ...]
    last: Block | None


class Switch(NamedTuple):
    """`cases` are the labels (None: default) with what follows each, up to the next label."""

    subject: Expr
    cases: tuple[tuple[Expr | None, Block], ...]


class Loop(NamedTuple):
    head: Expr
    body: Block


class Function(NamedTuple):
    name: str
    parameters: tuple[str, ...]
    body: Block
    place: Node


class Leave(NamedTuple):
    """`return`, `throw`, `break` or `continue`."""

    word: str
    value: Expr | None
    place: Node


Statement = Call | Assign | If | Try | Switch | Loop | Function | Leave | Expr


class Block(NamedTuple):
    """What stands between braces, in its order. `text` is its text where it is one statement alone."""

    statements: tuple[Statement, ...]
    place: Node
    parameters: tuple[str, ...] = ()
    text: str = ""

    def calls(self, name: str) -> list[Call]:
        """The calls of a name that stand in it directly."""
        return [each for each in self.statements if isinstance(each, Call) and each.name == name]

    def first(self, name: str) -> Call | None:
        return next(iter(self.calls(name)), None)


class Script(NamedTuple):
    block: Block
    faults: tuple[Fault, ...]


def parse(source: Source) -> Script:
    """The statements of a file, and what of it could not be read. Never raises for what the text holds."""
    return _Reader(source).script()


_KEYWORDS = frozenset("if else for while do try catch finally switch case default return throw break continue".split())
_MODIFIERS = frozenset("def final static private public protected synchronized transient abstract".split())
_ASSIGNS = frozenset({"=", "+=", "-="})
_JOINS = frozenset({"&&", "||", "+", ".", "?.", ",", "==", "!=", "?", ":", "=", "->", "==~", "=~", "?:", "*."})
_STARTS_VALUE = frozenset({"string", "number", "name"})
_STRING_METHODS = frozenset({"trim", "stripIndent", "stripMargin", "toString"})
_NOT_CALLED = _KEYWORDS | frozenset({"in", "as", "instanceof", "new", "assert"})


class _Reader:
    """The tokens that mean something, and where each bracket closes."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.faults: list[Fault] = []
        text = source.text
        if len(text) > SIZE:
            self.fault(SIZE, SIZE, f"longer than {SIZE} characters: the rest is not read")
            text = text[:SIZE]
        self.text = text
        self.tokens = [token for token in tokens(text) if token.kind not in ("blank", "comment")]
        self.closes: dict[int, int] = {}
        self.depth = 0
        self.blocks: dict[tuple[int, int], Block] = {}  # what was read once: a statement may be tried in two ways
        self.values: dict[tuple[int, int], Expr] = {}
        self.match_brackets()

    def fault(self, start: int, end: int, message: str) -> None:
        self.faults.append(Fault(self.source, self.source.span(start, end), message))

    def match_brackets(self) -> None:
        stack: list[int] = []
        for index, token in enumerate(self.tokens):
            if not token.ends:
                self.fault(token.start, token.start + 1, "a string that is not closed")
            if token.kind == "open":
                stack.append(index)
            elif token.kind == "close":
                if stack and CLOSING[self.tokens[stack[-1]].text] == token.text:
                    self.closes[stack.pop()] = index
                    continue
                matching = self.nearest(stack, token.text)
                if matching is None:
                    self.fault(token.start, token.end, f"{token.text} closes nothing")
                    continue
                self.fault(token.start, token.end, f"{token.text} closes another bracket than the last one")
                while stack[-1] != matching:
                    self.closes[stack.pop()] = index
                self.closes[stack.pop()] = index
        for index in stack:
            self.closes[index] = len(self.tokens)
        if stack:
            token = self.tokens[stack[-1]]
            self.fault(token.start, token.end, f"{token.text} is not closed")

    def nearest(self, stack: Sequence[int], closing: str) -> int | None:
        """The bracket that a wrong one closes, of the last few."""
        return next((i for i in reversed(stack[-8:]) if CLOSING[self.tokens[i].text] == closing), None)

    def script(self) -> Script:
        block = self.block(0, len(self.tokens), self.node(None, 0, min(len(self.text), 1)))
        return Script(block, tuple(self.faults))

    # places

    def node(self, value: object, start: int, end: int) -> Node:
        return Node(value, self.source, self.source.span(start, end))

    def node_at(self, begin: int, end: int, value: object = None) -> Node:
        """The node for the tokens from `begin` to before `end`."""
        first = self.tokens[begin].start if begin < len(self.tokens) else len(self.text)
        last = self.tokens[end - 1].end if 0 < end <= len(self.tokens) and end > begin else first
        return self.node(value, first, last)

    def written(self, begin: int, end: int) -> str:
        if begin >= end or begin >= len(self.tokens):
            return ""
        return self.text[self.tokens[begin].start : self.tokens[end - 1].end]

    def is_sign(self, at: int, *signs: str) -> bool:
        return at < len(self.tokens) and self.tokens[at].text in signs and self.tokens[at].kind != "string"

    def kind(self, at: int) -> str:
        return self.tokens[at].kind if at < len(self.tokens) else ""

    def past(self, at: int, end: int) -> int:
        """The token after the one at `at`, or after the bracket that it opens."""
        return min(self.closes.get(at, at) + 1, end)

    def past_lines(self, at: int, end: int) -> int:
        while at < end and (self.tokens[at].kind == "newline" or self.is_sign(at, ";")):
            at += 1
        return at

    # statements

    def block(self, begin: int, end: int, place: Node) -> Block:
        made = self.blocks.get((begin, end))
        if made is None:
            made = self.blocks[begin, end] = self.read_block(begin, end, place)
        return made

    def read_block(self, begin: int, end: int, place: Node) -> Block:
        if self.depth >= DEPTH:
            where = self.tokens[begin].start if begin < len(self.tokens) else len(self.text)
            self.fault(where, where, f"nested deeper than {DEPTH}: not read")
            return Block((), place)
        self.depth += 1
        begin, parameters = self.parameters(begin, end)
        found: list[Statement] = []
        at = self.past_lines(begin, end)
        while at < end:
            statement, after = self.statement(at, end)
            if statement is not None:
                found.append(statement)
            at = self.past_lines(max(after, at + 1), end)
        self.depth -= 1
        return Block(tuple(found), place, parameters, self.written(begin, end) if len(found) == 1 else "")

    def braces(self, at: int, end: int) -> tuple[Block, int]:
        """The block that opens at `at`, or the one statement that stands in its place."""
        at = self.past_lines(at, end)
        if self.is_sign(at, "{") and at < end:
            close = min(self.closes.get(at, end), end)
            return self.block(at + 1, close, self.node_at(at, at + 1)), close + 1
        place = self.node_at(at, at + 1)
        if at >= end or self.depth >= DEPTH:
            return Block((), place), at
        self.depth += 1
        statement, after = self.statement(at, end)
        self.depth -= 1
        return Block((statement,) if statement is not None else (), place), after

    def parameters(self, begin: int, end: int) -> tuple[int, tuple[str, ...]]:
        """Past `a, b ->` at the start of a closure."""
        at = begin = self.past_lines(begin, end)
        names: list[str] = []
        while at < end and (self.kind(at) == "name" or self.is_sign(at, ",")):
            if self.kind(at) == "name" and (self.is_sign(at + 1, ",", "->") or at + 1 >= end):
                names.append(self.tokens[at].text)
            at += 1
        return (at + 1, tuple(names)) if self.is_sign(at, "->") and at < end else (begin, ())

    def statement(self, at: int, end: int) -> tuple[Statement | None, int]:
        word = self.tokens[at].text if self.kind(at) == "name" else ""
        if word == "if":
            return self.if_(at, end)
        if word == "try":
            return self.try_(at, end)
        if word in ("for", "while"):
            return self.loop(at, end)
        if word == "switch":
            return self.switch(at, end)
        if word in ("return", "throw", "break", "continue"):
            after = self.end_of_statement(at + 1, end)
            value = self.expr(at + 1, after) if after > at + 1 else None
            return Leave(word, value, self.node_at(at, at + 1)), after
        if word in ("import", "package"):
            return None, self.end_of_statement(at, end)
        if word in ("class", "interface", "enum"):
            while at < end and not self.is_sign(at, "{"):
                at += 1
            return None, self.past(at, end)
        if self.is_sign(at, "@"):
            return self.annotation(at, end)
        return self.simple(at, end)

    def head(self, at: int, end: int) -> tuple[Expr, int] | None:
        """What stands in the parentheses behind `if`, `for`, `while` or `switch`; None where there are none."""
        if not self.is_sign(at, "("):
            return None
        close = min(self.closes[at], end)
        return self.expr(at + 1, close), close + 1

    def if_(self, at: int, end: int) -> tuple[Statement | None, int]:
        head = self.head(at + 1, end)
        if head is None:
            return None, at + 1
        condition, after = head
        then, after = self.braces(after, end)
        following = self.past_lines(after, end)
        if following < end and self.is_sign(following, "else"):
            otherwise, after = self.braces(following + 1, end)
            return If(condition, then, otherwise), after
        return If(condition, then, None), after

    def try_(self, at: int, end: int) -> tuple[Statement | None, int]:
        at += 1
        if self.is_sign(at, "("):
            at = self.past(at, end)
        body, at = self.braces(at, end)
        catches: list[Block] = []
        last = None
        while True:
            following = self.past_lines(at, end)
            if following < end and self.is_sign(following, "catch"):
                following += 1
                if self.is_sign(following, "("):
                    following = self.past(following, end)
                caught, at = self.braces(following, end)
                catches.append(caught)
            elif following < end and self.is_sign(following, "finally"):
                last, at = self.braces(following + 1, end)
            else:
                return Try(body, tuple(catches), last), at

    def loop(self, at: int, end: int) -> tuple[Statement | None, int]:
        head = self.head(at + 1, end)
        if head is None:
            return None, at + 1
        body, after = self.braces(head[1], end)
        return Loop(head[0], body), after

    def switch(self, at: int, end: int) -> tuple[Statement | None, int]:
        head = self.head(at + 1, end)
        if head is None:
            return None, at + 1
        subject, after = head
        opening = self.past_lines(after, end)
        if not self.is_sign(opening, "{"):
            return subject, opening
        last = min(self.closes[opening], end)
        cases: list[tuple[Expr | None, Block]] = []
        at = self.past_lines(opening + 1, last)
        while at < last:
            label, body = self.label(at, last)
            stop = self.next_label(body, last)
            cases.append((label, self.block(body, stop, self.node_at(at, at + 1))))
            at = max(stop, at + 1)
        return Switch(subject, tuple(cases)), last + 1

    def label(self, at: int, end: int) -> tuple[Expr | None, int]:
        colon = at
        while colon < end and not self.is_sign(colon, ":") and self.kind(colon) != "newline":
            colon = self.past(colon, end)
        value = self.expr(at + 1, colon) if self.is_sign(at, "case") else None
        return value, min(colon + 1, end)

    def next_label(self, at: int, end: int) -> int:
        while at < end and not (self.kind(at) == "name" and self.tokens[at].text in ("case", "default")):
            at = self.past(at, end)
        return at

    def annotation(self, at: int, end: int) -> tuple[Statement | None, int]:
        """`@Library('x') _`, as a call named `@Library`; other annotations say nothing here."""
        if self.kind(at + 1) != "name":
            return None, at + 1
        name = self.tokens[at + 1].text
        after = at + 2
        args: tuple[Expr, ...] = ()
        named: tuple[tuple[str, Expr], ...] = ()
        if self.is_sign(after, "(") and after < end:
            close = min(self.closes[after], end)
            args, named = self.arguments(after + 1, close)
            after = close + 1
        if name != "Library":
            return None, after
        if after < end and self.is_sign(after, "_"):
            after += 1
        return Call("@Library", self.node_at(at, min(after, end)), args, named), after

    def simple(self, at: int, end: int) -> tuple[Statement | None, int]:
        """A declaration, an assignment, a call, or any other expression."""
        begin, declared = self.declaration(at, end)
        if self.kind(begin) != "name":
            after = self.end_of_statement(at, end)
            return (self.expr(at, after), after) if after > at else (None, at + 1)
        path, after = self.path(begin, end)
        if declared and self.is_sign(after, "(") and after < end:
            function = self.function(path, begin, after, end)
            if function:
                return function
        if self.is_sign(after, *_ASSIGNS) and after < end:
            stop = self.end_of_statement(after + 1, end)
            return Assign(path, self.expr(after + 1, stop), self.node_at(begin, after)), stop
        if declared:
            return None, self.end_of_statement(after, end)
        called = self.call(begin, end, command=True)
        if called and (self.ends_statement(called[1], end) or (called[0].body and self.kind(called[1]) == "name")):
            return called
        after = self.end_of_statement(at, end)
        return self.expr(at, after), after

    def declaration(self, at: int, end: int) -> tuple[int, bool]:
        """Past `def`, modifiers and a type: where the declared name stands."""
        begin = at
        while at < end and self.kind(at) == "name" and self.tokens[at].text in _MODIFIERS:
            at += 1
        declared = at > begin
        if (self.kind(at) == "name" and self.tokens[at].text[:1].isupper() | declared) or self.is_type(at):
            after = self.past_type(at, end)
            if after < end and self.kind(after) == "name" and self.is_sign(after + 1, "=", "("):
                return after, True
        if declared and self.is_sign(at, "(") and at < end:  # def (a, b) = …
            return at, True
        return at, declared

    def is_type(self, at: int) -> bool:
        return self.kind(at) == "name" and self.tokens[at].text in ("int", "boolean", "void", "long", "double", "var")

    def past_type(self, at: int, end: int) -> int:
        _, at = self.path(at, end)
        if self.is_sign(at, "<"):
            depth = 0
            while at < end and self.kind(at) in ("name", "sign"):
                depth += self.is_sign(at, "<") - self.is_sign(at, ">")
                at += 1
                if not depth:
                    break
        if self.is_sign(at, "[") and at < end and self.closes[at] == at + 1:
            at += 2
        return at

    def path(self, at: int, end: int) -> tuple[str, int]:
        """A dotted name: `env.BRANCH_NAME`."""
        parts = [self.tokens[at].text] if self.kind(at) == "name" else []
        at += bool(parts)
        while parts and at + 1 < end and self.is_sign(at, ".", "?.") and self.kind(at + 1) in ("name", "string"):
            token = self.tokens[at + 1]
            parts.append(token.text if token.kind == "name" else text_of(token.text).text)
            at += 2
        return ".".join(parts), at

    def function(self, name: str, begin: int, at: int, end: int) -> tuple[Function, int] | None:
        close = min(self.closes[at], end)
        opening = self.past_lines(close + 1, end)
        if not self.is_sign(opening, "{") or opening >= end:
            return None
        parameters = tuple(self.parameter(a, b) for a, b in self.parts(at + 1, close))
        last = min(self.closes[opening], end)
        body = self.block(opening + 1, last, self.node_at(opening, opening + 1))
        return Function(name, tuple(p for p in parameters if p), body, self.node_at(begin, begin + 1)), last + 1

    def parameter(self, begin: int, end: int) -> str:
        """The name in `String name = 'x'`."""
        stop = next((at for at in range(begin, end) if self.is_sign(at, "=")), end)
        names = [self.tokens[at].text for at in range(begin, stop) if self.kind(at) == "name"]
        return names[-1] if names else ""

    # where things end

    def end_of_statement(self, at: int, end: int) -> int:
        """The newline or `;` that ends a statement; brackets, and lines that an operator joins, are passed over."""
        while at < end:
            token = self.tokens[at]
            if token.text == ";" and token.kind == "sign":
                return at
            if token.kind == "newline":
                following = self.past_lines(at, end)
                joined = self.joins(at - 1) or (following < end and self.leads_on(following))
                if not joined:
                    return at
                at = following
                continue
            at = self.past(at, end)
        return end

    def joins(self, at: int) -> bool:
        return at >= 0 and self.tokens[at].kind == "sign" and self.tokens[at].text in _JOINS

    def leads_on(self, at: int) -> bool:
        """Whether a line that begins here goes on with the one before it."""
        token = self.tokens[at]
        return token.kind == "sign" and token.text in (".", "?.", "&&", "||", "?", ":", "?:", "*.")

    def ends_statement(self, at: int, end: int) -> bool:
        return at >= end or self.kind(at) == "newline" or self.is_sign(at, ";")

    def parts(self, begin: int, end: int) -> list[tuple[int, int]]:
        """What commas part, as ranges of tokens without the line breaks around them."""
        found: list[tuple[int, int]] = []
        at = start = begin
        while at <= end:
            if at >= end or self.is_sign(at, ","):
                first = self.past_lines(start, end)
                last = min(at, end)
                while last > first and self.kind(last - 1) == "newline":
                    last -= 1
                if last > first:
                    found.append((first, last))
                start = at + 1
                at += 1
            else:
                at = self.past(at, end)
        return found

    # calls and values

    def call(self, at: int, end: int, command: bool = False, used: bool = False) -> tuple[Call, int] | None:
        """The call that starts at `at`, with what is called on its result; None where there is none."""
        if self.kind(at) != "name" or self.tokens[at].text in _NOT_CALLED or self.depth >= DEPTH:
            return None
        self.depth += 1
        made = self.one_call(at, end, command, used)
        if made:
            call, after = made
            following: list[Call] = []
            while len(following) < 40:
                dot = self.past_lines(after, end)
                if not (dot + 1 < end and self.is_sign(dot, ".", "?.", "*.") and self.kind(dot + 1) == "name"):
                    break
                more = self.one_call(dot + 1, end, False, used)
                if more is None:
                    after = dot + 2  # a property of the result
                    following.append(Call(self.tokens[dot + 1].text, self.node_at(dot + 1, dot + 2)))
                    continue
                following.append(more[0])
                after = more[1]
            made = (call._replace(then=tuple(following)) if following else call), after
        self.depth -= 1
        return made

    def one_call(self, at: int, end: int, command: bool, used: bool) -> tuple[Call, int] | None:
        name, after = self.path(at, end)
        place = self.node_at(at, after)
        args: tuple[Expr, ...] = ()
        named: tuple[tuple[str, Expr], ...] = ()
        if self.is_sign(after, "(") and after < end:
            close = min(self.closes[after], end)
            args, named = self.arguments(after + 1, close)
            after = close + 1
        elif self.is_sign(after, "{") and after < end:
            pass
        elif command and after < end and self.starts_argument(after):
            stop = self.end_of_command(after, end)
            args, named = self.arguments(after, stop)
            after = stop
        else:
            return (Call(name, place, used=used), after) if command and self.ends_statement(after, end) else None
        body = None
        if self.is_sign(after, "{") and after < end:
            body, after = self.braces(after, end)
        return Call(name, place, args, named, body, (), used), after

    def starts_argument(self, at: int) -> bool:
        token = self.tokens[at]
        if token.kind == "name":
            return token.text not in _NOT_CALLED or token.text == "new"
        return token.kind in _STARTS_VALUE or (token.kind == "open" and token.text == "[" and self.spaced(at))

    def spaced(self, at: int) -> bool:
        """`echo [1]` gives a list to `echo`; `a[1]` looks into `a`."""
        return at > 0 and self.tokens[at].start > self.tokens[at - 1].end

    def end_of_command(self, at: int, end: int) -> int:
        """Where the arguments of a call without parentheses end: at its line's end or at the block that follows."""
        while at < end:
            token = self.tokens[at]
            if token.kind == "open" and token.text == "{" and not self.is_sign(at - 1, ":", ",", "=", "->"):
                return at
            if token.kind == "newline" and self.end_of_statement(at, min(at + 1, end)) == at and not self.joins(at - 1):
                following = self.past_lines(at, end)
                if not (following < end and self.leads_on(following)):
                    return at
            if token.text == ";" and token.kind == "sign":
                return at
            at = self.past(at, end)
        return end

    def arguments(self, begin: int, end: int) -> tuple[tuple[Expr, ...], tuple[tuple[str, Expr], ...]]:
        args: list[Expr] = []
        named: list[tuple[str, Expr]] = []
        for first, last in self.parts(begin, end):
            key = self.key(first, last)
            if key is None:
                args.append(self.expr(first, last))
            else:
                named.append((key, self.expr(self.past_lines(first + 2, last), last)))
        return tuple(args), tuple(named)

    def key(self, first: int, last: int) -> str | None:
        """The name of a named argument or of an entry of a map."""
        if last - first < 3 or not self.is_sign(first + 1, ":") or self.kind(first) not in ("name", "string"):
            return None
        token = self.tokens[first]
        return token.text if token.kind == "name" else text_of(token.text).text

    def expr(self, begin: int, end: int) -> Expr:
        begin = self.past_lines(begin, end)
        while end > begin and self.kind(end - 1) == "newline":
            end -= 1
        made = self.values.get((begin, end))
        if made is None:
            made = self.values[begin, end] = self.read_expr(begin, end)
        return made

    def read_expr(self, begin: int, end: int) -> Expr:
        if begin >= end:
            return Expr(self.node_at(begin, begin))
        if self.depth >= DEPTH:
            written = self.written(begin, end)
            return Expr(self.node_at(begin, end, Expression(written, _AT_RUN_TIME)))
        self.depth += 1
        made = self.value(begin, end) or self.container(begin, end)
        if made is None:
            value = self.joined(begin, end)
            made = Expr(self.node_at(begin, end, value), tuple(self.calls_in(begin, end)))
        self.depth -= 1
        return made

    def value(self, begin: int, end: int) -> Expr | None:
        """A literal: one token, or a string with harmless methods behind it."""
        token = self.tokens[begin]
        if token.kind == "string" and (end == begin + 1 or self.only_trims(begin + 1, end)):
            return Expr(self.node_at(begin, begin + 1, _string(token.text)))
        if end != begin + 1:
            return None
        words: dict[str, object] = {"true": True, "false": False, "null": None}
        if token.text in words:
            return Expr(self.node_at(begin, end, words[token.text]))
        if token.kind == "number" and token.text.isdigit() and len(token.text) < 19:
            return Expr(self.node_at(begin, end, int(token.text)))
        return None

    def only_trims(self, at: int, end: int) -> bool:
        while at + 3 < end + 1 and self.is_sign(at, ".") and self.tokens[at + 1].text in _STRING_METHODS:
            if not self.is_sign(at + 2, "(") or self.closes[at + 2] != at + 3:
                return False
            at += 4
        return at == end

    def container(self, begin: int, end: int) -> Expr | None:
        """A list, a map or a closure that is the whole value."""
        token = self.tokens[begin]
        if token.kind != "open" or self.closes[begin] != end - 1:
            return None
        if token.text == "{":
            block = self.block(begin + 1, end - 1, self.node_at(begin, begin + 1))
            return Expr(self.node_at(begin, end, Expression(self.written(begin, end), _AT_RUN_TIME)), (), block)
        if token.text == "(":
            return self.expr(begin + 1, end - 1)
        items = [
            (key or "", self.expr(first + 2 if key is not None else first, last))
            for first, last in self.parts(begin + 1, end - 1)
            for key in (self.key(first, last),)
        ]
        calls = tuple(call for _, item in items for call in item.calls)
        is_map = bool(items) and all(key for key, _ in items)
        value = {key: item.node for key, item in items} if is_map else [item.node for _, item in items]
        return Expr(self.node_at(begin, end, value), calls, None, tuple(items))

    def joined(self, begin: int, end: int) -> object:
        """Strings that `+` joins, as one; anything else as written."""
        unknown = Expression(self.written(begin, end), _AT_RUN_TIME)
        pieces = [at for at in range(begin, end) if self.kind(at) != "newline"]
        if len(pieces) < 3 or len(pieces) % 2 == 0 or any(not self.is_sign(at, "+") for at in pieces[1::2]):
            return unknown
        parts: list[str] = []
        template = False
        for at in pieces[::2]:
            token = self.tokens[at]
            if token.kind == "string":
                text = text_of(token.text)
                parts.append(text.text)
                template = template or text.template
            elif token.kind == "name":
                parts.append(f"${{{token.text}}}")
                template = True
            else:
                return unknown
        whole = "".join(parts)
        return Expression(whole, _AT_RUN_TIME) if template else whole

    def calls_in(self, begin: int, end: int) -> Iterator[Call]:
        """The calls within an expression, outermost first; those inside a call are its own arguments."""
        at = begin
        while at < end:
            if self.kind(at) == "name" and at > begin and self.is_sign(at - 1, ".", "?.", "*."):
                at += 1  # a method of a value
                continue
            if self.kind(at) == "name":
                _, after = self.path(at, end)
                command = at == begin and after < end and self.starts_argument(after)
                found = self.call(at, end, command, used=True)
                if found:
                    yield found[0]
                    at = max(found[1], at + 1)
                    continue
                _, at = self.path(at, end)
                continue
            if self.kind(at) == "open":
                inner = self.expr(at + 1, min(self.closes[at], end)) if self.tokens[at].text != "{" else None
                if inner:
                    yield from inner.calls
                else:
                    block = self.block(at + 1, min(self.closes[at], end), self.node_at(at, at + 1))
                    yield Call("{}", block.place, body=block, used=True)
                at = self.past(at, end)
                continue
            at += 1


def _string(written: str) -> object:
    text = text_of(written)
    return Expression(text.text, _AT_RUN_TIME) if text.template else text.text


def template(node: Node) -> str | None:
    """A string's text with its `${ }` as written; None for what is no string."""
    if node.expression is not None:
        whole = node.source.slice(node.span)
        return node.expression.text if whole[:1] in "'\"/$" and whole[-1:] not in ")" else None
    return node.value if isinstance(node.value, str) else None
