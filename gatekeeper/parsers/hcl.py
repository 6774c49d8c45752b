"""HCL native syntax to bodies, blocks and expressions, with places.

`hcl_reader` reads what is valid. What it refuses tree-sitter reads: a syntax error is a fault, and the blocks that do
not hold it are still read; what tree-sitter gets wrong is put right here (see `_masked`, `_Builder.on_conditional`,
`_Builder.check_lines`). An expression is syntax only: what it comes to is the business of whoever reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from gatekeeper.node import Fault, Source, Span, regex

DEPTH = 100  # nested blocks, and nested expressions; real files reach 20
FAULTS = 5  # of one file: one slip of the pen often shows in many places

_UNICODE = regex(r"[^\x00-\x7f]")
_EXPONENT = regex(r"\b([0-9]{1,30})[eE][-+]?(?=[0-9])")
_ESCAPED_OPENING = regex(r"(?:\${2,100}|%{2,100})\{")
_CHUNK = regex(r'^[A-Za-z_][\w-]*(?:[ \t]+(?:"[^"\n]*"|[A-Za-z_][\w-]*))*[ \t]*[{=]', re.MULTILINE)
_ESCAPE = regex(r'\\(?:([nrt"\\])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|([$%])\4\{')
_NOT_ESCAPE = regex(r"([$%])\1\{")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_BINARY = frozenset(("==", "!=", "<", "<=", ">", ">=", "&&", "||", "+", "-", "*", "/", "%"))


class Home:
    """Where expressions stand: a source, and how offsets in it become places and words."""

    __slots__ = ("_headers", "fixed", "source", "text")

    def __init__(self, source: Source, text: str | None = None, fixed: Span | None = None) -> None:
        self.source = source
        self.text = source.text if text is None else text
        self.fixed = fixed  # the one place of everything, where a template stands in a file of another syntax
        self._headers: dict[int, Span] = {}

    def span(self, start: int, end: int) -> Span:
        return self.fixed or self.source.span(start, end)

    def header(self, block: Block) -> Span:
        """The place of a block's header, found once: rules ask for it over and over."""
        found = self._headers.get(block.start)
        if found is None:
            found = self._headers[block.start] = self.span(block.start, block.header_end)
        return found


class Expr:
    """An expression as written."""

    __slots__ = ("end", "home", "start")

    def __init__(self, home: Home, start: int, end: int) -> None:
        self.home = home
        self.start = start
        self.end = end

    @property
    def span(self) -> Span:
        return self.home.span(self.start, self.end)

    @property
    def text(self) -> str:
        return self.home.text[self.start : self.end]

    def children(self) -> Iterator[Expr]:
        """The expressions inside it that are evaluated with the names it is evaluated with."""
        return iter(())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"


class Literal(Expr):
    """null, true, false, a number, a string without interpolation."""

    __slots__ = ("value",)

    def __init__(self, home: Home, start: int, end: int, value: Any) -> None:
        super().__init__(home, start, end)
        self.value = value


class Template(Expr):
    """A string or heredoc with interpolations: its pieces, in order."""

    __slots__ = ("parts",)

    def __init__(self, home: Home, start: int, end: int, parts: list[str | Expr]) -> None:
        super().__init__(home, start, end)
        self.parts = parts

    def children(self) -> Iterator[Expr]:
        return (part for part in self.parts if isinstance(part, Expr))


class Piece(Template):
    """What stands between the directives of a template: always a text, also when it is one interpolation."""

    __slots__ = ()


class Tuple(Expr):
    """`[a, b]`"""

    __slots__ = ("items",)

    def __init__(self, home: Home, start: int, end: int, items: list[Expr]) -> None:
        super().__init__(home, start, end)
        self.items = items

    def children(self) -> Iterator[Expr]:
        return iter(self.items)


class Object(Expr):
    """`{ a = b }`; a key that is a bare word is a literal, as it is in HCL."""

    __slots__ = ("pairs",)

    def __init__(self, home: Home, start: int, end: int, pairs: list[tuple[Expr, Expr]]) -> None:
        super().__init__(home, start, end)
        self.pairs = pairs

    def children(self) -> Iterator[Expr]:
        return (side for pair in self.pairs for side in pair)


class Variable(Expr):
    """The first word of a reference: `var`, `local`, `aws_s3_bucket`, `each`; `*` is the item of a splat."""

    __slots__ = ("name",)

    def __init__(self, home: Home, start: int, end: int, name: str) -> None:
        super().__init__(home, start, end)
        self.name = name


class GetAttr(Expr):
    """`of.name`"""

    __slots__ = ("name", "of")

    def __init__(self, home: Home, start: int, end: int, of: Expr, name: str) -> None:
        super().__init__(home, start, end)
        self.of = of
        self.name = name

    def children(self) -> Iterator[Expr]:
        yield self.of


class Index(Expr):
    """`of[key]`"""

    __slots__ = ("key", "of")

    def __init__(self, home: Home, start: int, end: int, of: Expr, key: Expr) -> None:
        super().__init__(home, start, end)
        self.of = of
        self.key = key

    def children(self) -> Iterator[Expr]:
        yield self.of
        yield self.key


class Splat(Expr):
    """`of[*].name`: `each` is what is taken of every item, which it calls `*`."""

    __slots__ = ("each", "of")

    def __init__(self, home: Home, start: int, end: int, of: Expr, each: Expr) -> None:
        super().__init__(home, start, end)
        self.of = of
        self.each = each

    def children(self) -> Iterator[Expr]:
        yield self.of


class Conditional(Expr):
    """`test ? yes : no`"""

    __slots__ = ("no", "test", "yes")

    def __init__(self, home: Home, start: int, end: int, test: Expr, yes: Expr, no: Expr) -> None:
        super().__init__(home, start, end)
        self.test = test
        self.yes = yes
        self.no = no

    def children(self) -> Iterator[Expr]:
        yield self.test
        yield self.yes
        yield self.no


class Unary(Expr):
    """`!a`, `-a`"""

    __slots__ = ("of", "operator")

    def __init__(self, home: Home, start: int, end: int, operator: str, of: Expr) -> None:
        super().__init__(home, start, end)
        self.operator = operator
        self.of = of

    def children(self) -> Iterator[Expr]:
        yield self.of


class Binary(Expr):
    """`a + b`, `a == b`, `a && b` and the like"""

    __slots__ = ("left", "operator", "right")

    def __init__(self, home: Home, start: int, end: int, operator: str, left: Expr, right: Expr) -> None:
        super().__init__(home, start, end)
        self.operator = operator
        self.left = left
        self.right = right

    def children(self) -> Iterator[Expr]:
        yield self.left
        yield self.right


class Call(Expr):
    """`name(arguments)`; `expands` when the last argument has `...` behind it."""

    __slots__ = ("arguments", "expands", "name")

    def __init__(self, home: Home, start: int, end: int, name: str, arguments: list[Expr], expands: bool) -> None:
        super().__init__(home, start, end)
        self.name = name
        self.arguments = arguments
        self.expands = expands

    def children(self) -> Iterator[Expr]:
        return iter(self.arguments)


class For(Expr):
    """`[for name in over : result if condition]`, and with `key` the one in braces, which may group (`...`)."""

    __slots__ = ("condition", "groups", "key", "names", "over", "result")

    def __init__(
        self, home: Home, start: int, end: int, names: list[str], over: Expr, key: Expr | None, result: Expr,
        condition: Expr | None, groups: bool,
    ) -> None:  # fmt: skip
        super().__init__(home, start, end)
        self.names = names
        self.over = over
        self.key = key
        self.result = result
        self.condition = condition
        self.groups = groups

    def children(self) -> Iterator[Expr]:
        yield self.over


class Repeat(For):
    """`%{ for name in over }result%{ endfor }`: a text."""

    __slots__ = ()


class Opaque(Expr):
    """What is not taken apart further, and why: the expressions inside it, and the names it gives to them."""

    __slots__ = ("inner", "names", "reason")

    def __init__(self, home: Home, start: int, end: int, reason: str, inner: list[Expr], names: list[str]) -> None:
        super().__init__(home, start, end)
        self.reason = reason
        self.inner = inner
        self.names = names


class Reference(NamedTuple):
    """A traversal such as `var.network.cidr` or `aws_subnet.a[0].id`: its words up to the first computed step."""

    path: tuple[str, ...]
    expr: Expr


def references(expr: Expr, names: frozenset[str] = frozenset()) -> Iterator[Reference]:
    """The references in an expression, except to names that the expression itself (or `names`) introduces."""
    stack = [(expr, names)]
    while stack:
        here, bound = stack.pop()
        if isinstance(here, (Variable, GetAttr, Index)):
            path, root, keys = _traversal(here)
            stack.extend((key, bound) for key in keys)
            if not isinstance(root, Variable):
                stack.append((root, bound))
            elif root.name not in bound and root.name != "*":
                yield Reference((root.name, *path), here)
        elif isinstance(here, For):
            inner = bound | set(here.names)
            stack.append((here.over, bound))
            stack.extend((each, inner) for each in (here.key, here.result, here.condition) if each)
        elif isinstance(here, Splat):
            stack.append((here.of, bound))
            stack.append((here.each, bound))
        elif isinstance(here, Opaque):
            stack.extend((each, bound | set(here.names)) for each in here.inner)
        else:
            stack.extend((child, bound) for child in here.children())


def _traversal(expr: Expr) -> tuple[list[str], Expr, list[Expr]]:
    steps: list[str] = []
    keys: list[Expr] = []
    while isinstance(expr, (GetAttr, Index)):
        if isinstance(expr, GetAttr):
            steps.append(expr.name)
        elif isinstance(expr.key, Literal):
            steps.append(str(expr.key.value))
        else:
            keys.append(expr.key)
            steps.clear()  # what follows a computed step is not written here
        expr = expr.of
    return steps[::-1], expr, keys


class Attribute:
    """`name = expression`"""

    __slots__ = ("_expr", "_make", "home", "name", "start")

    def __init__(self, home: Home, name: str, start: int, expr: Expr | Callable[[], Expr]) -> None:
        self.home = home
        self.name = name
        self.start = start
        self._make = expr
        self._expr: Expr | None = expr if isinstance(expr, Expr) else None

    @property
    def expr(self) -> Expr:
        if self._expr is None:
            assert not isinstance(self._make, Expr)
            self._expr = self._make()
            self._make = self._expr  # and let go of what it was made of
        return self._expr

    @property
    def key(self) -> Span:
        """The place of its name."""
        return self.home.span(self.start, self.start + len(self.name))


class Body(NamedTuple):
    """What stands between braces, or in a file. `rest` says why nobody knows what else there is, where that is so;
    `names` which others there may be at all, where that is known."""

    attributes: dict[str, Attribute]
    blocks: list[Block]
    rest: str = ""
    names: frozenset[str] | None = None


class Block(NamedTuple):
    """`type "label" { body }`; the header ends before the brace."""

    type: str
    labels: tuple[str, ...]
    body: Body
    home: Home
    start: int
    header_end: int
    end: int

    @property
    def header(self) -> Span:
        return self.home.header(self)

    @property
    def span(self) -> Span:
        return self.home.span(self.start, self.end)


class Document(NamedTuple):
    """What could be read of a file, and its faults."""

    body: Body
    faults: list[Fault]


BLANKS = 2000  # the grammar's scanner takes quadratic time for them
_BLANKS = regex(rf"[ \t\r\n]{{{BLANKS}}}")


def parse(source: Source) -> Document:
    """A file of HCL native syntax. Never raises for what the text holds."""
    from gatekeeper.parsers.hcl_reader import Refused, read

    try:
        return Document(read(Home(source)), [])
    except Refused:
        return parse_tree(source)


def parse_tree(source: Source) -> Document:
    """A file as tree-sitter reads it, which says where its faults are. Never raises for what the text holds."""
    try:
        parser = _parser()
    except ImportError:
        return Document(Body({}, []), _checked_only(source))
    text = source.text
    blanks = _BLANKS.search(text)
    if blanks:
        words = f"more than {BLANKS} blanks in a row are not read"
        return Document(Body({}, []), [Fault(source, source.span(blanks.start(), blanks.start() + 1), words)])
    masked = _masked(text)
    home = Home(source)
    faults: list[Fault] = []
    body = Body({}, [])
    root = parser.parse(masked).root_node
    if not root.has_error:
        _Builder(home, 0).into(body, root, faults)
    else:
        faults += _syntax_faults(home, root)
        starts = [0, *(m.start() for m in _CHUNK.finditer(text) if m.start()), len(text)]
        for start, end in pairwise(starts):
            part = parser.parse(masked[start:end]).root_node
            if not part.has_error:
                _Builder(home, start).into(body, part, [])
    return Document(body, faults[:FAULTS])


def template(source: Source, text: str, span: Span) -> Expr:
    """The template that a string of another syntax holds (`"${var.x}-logs"` in JSON); everything in it is at `span`."""
    from gatekeeper.parsers.hcl_reader import Refused, read_template

    home = Home(source, text, span)
    try:
        return read_template(home)
    except Refused:
        return Opaque(home, 0, len(text), "is no template that can be read", [], [])


def _masked(text: str) -> bytes:
    """The text for tree-sitter: one byte a character, so that its offsets are ours; values are read from the text.

    `1e3`, which its grammar does not know, becomes `103`; `$${`, which it reads only after a single `$`, becomes plain
    text; carriage returns and a byte order mark become blanks.
    """
    if not text.isascii():
        text = _UNICODE.sub(lambda m: "x" if f"x{m[0]}".isidentifier() else " " if m[0] == "\ufeff" else "\x01", text)
    if "\r" in text:
        text = text.replace("\r\n", " \n")
    if "$$" in text or "%%" in text:
        text = _ESCAPED_OPENING.sub(lambda m: "x" * len(m[0]), text)
    if "e" in text or "E" in text:
        text = _EXPONENT.sub(
            lambda m: m[0].replace("e", "0").replace("E", "0").replace("-", "0").replace("+", "0"), text
        )
    return text.encode("ascii")


_made: list[Any] = []


def _parser() -> Any:
    """The tree-sitter parser, made once. Raises ImportError where its wheels are missing or do not fit each other."""
    if not _made:
        import tree_sitter
        import tree_sitter_hcl

        try:
            _made.append(tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language())))
        except (TypeError, ValueError) as error:
            raise ImportError(f"tree-sitter and tree-sitter-hcl do not fit each other: {error}") from None
    return _made[0]


def _checked_only(source: Source) -> list[Fault]:
    """Without tree-sitter: python-hcl2 finds syntax errors, but gives no places, so nothing is judged."""
    words = "no HCL parser that gives places is installed (tree-sitter-hcl): nothing in this file was judged"
    unjudged = Fault(source, source.line_span(1), words, reason="tool-error")
    try:
        import hcl2
    except ImportError:
        return [unjudged]
    try:
        hcl2.loads(source.text if source.text.endswith("\n") else source.text + "\n")
    except RecursionError:
        return [Fault(source, source.line_span(1), "nests too deeply to be read")]
    except Exception as error:  # lark's errors have no common base with a place
        line = max(getattr(error, "line", 1) or 1, 1)
        return [Fault(source, source.line_span(line), "not valid HCL"), unjudged]
    return [unjudged]


def _syntax_faults(home: Home, root: Any) -> list[Fault]:
    """One fault a line; what is not closed only when nothing else is wrong, since errors hide closing braces."""
    unexpected: dict[int, Fault] = {}
    unclosed: dict[int, Fault] = {}
    seen: set[int] = set()
    stack = [root]
    while stack and len(unexpected) < FAULTS:
        node = stack.pop()
        if node.is_missing:
            line = home.span(node.start_byte, node.start_byte).line
            if node.type not in _CLOSING:
                words = "not valid HCL: something is missing in this line"
                unexpected.setdefault(line, Fault(home.source, home.source.line_span(line), words))
            elif line not in seen:  # who opened it is asked once a line: asking walks the tree
                seen.add(line)
                fault = _unclosed_fault(home, node)
                unclosed.setdefault(fault.span.line, fault)
        elif node.type == "ERROR" and node is not root:
            fault = _error_fault(home, node)
            unexpected.setdefault(fault.span.line, fault)
        else:
            stack.extend(child for child in reversed(node.children) if child.has_error or child.is_missing)
    found = list((unexpected or unclosed).values())
    return found or [Fault(home.source, home.source.line_span(1), "not valid HCL")]


_CLOSING = {
    "block_end": "}", "object_end": "}", "tuple_end": "]", "quoted_template_end": '"',
    "template_interpolation_end": "}", ")": ")", "]": "]", "}": "}", '"': '"',
}  # fmt: skip


def _unclosed_fault(home: Home, node: Any) -> Fault:
    opener = node.parent
    while opener is not None and opener.parent is not None and opener.start_byte == node.start_byte:
        opener = opener.parent
    start = opener.start_byte if opener is not None else node.start_byte
    opened = home.text[start:].split("\n", 1)[0].strip()
    words = f"not valid HCL: this is not closed by {_CLOSING[node.type]!r}"
    return Fault(home.source, home.span(start, start + len(opened)), words)


def _error_fault(home: Home, node: Any) -> Fault:
    start = node.start_byte
    words = home.text[start : node.end_byte].strip().split("\n", 1)[0].strip()[:40]
    start += len(home.text[start : node.end_byte]) - len(home.text[start : node.end_byte].lstrip())
    about = f"unexpected {words!r}" if words else "unexpected end"
    return Fault(home.source, home.span(start, start + max(len(words), 1)), f"not valid HCL: {about}")


_PLAIN = regex(r'(?:(true|false|null)|"([^"\\$%\n]*)"|(0|[1-9]\d{0,14})|([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*))\Z')
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


def _expression(home: Home, start: int, end: int) -> Expr:
    """The expression at those offsets. Most are a word, a string or a plain reference, which need no parser."""
    text = home.text[start:end]
    plain = _PLAIN.match(text)
    if plain:
        return _plain(home, start, end, plain)
    lead = "v = "
    root = _parser().parse(_masked(f"{lead}{text}\n")).root_node
    builder = _Builder(home, start - len(lead))
    found = _value_of(root)
    if found is None or root.has_error:
        return Opaque(home, start, end, "is no expression that can be read", [], [])
    return builder.expression(found, 0)


def _plain(home: Home, start: int, end: int, found: re.Match[str]) -> Expr:
    word, text, digits, names = found.groups()
    if word:
        return Literal(home, start, end, _WORDS[word])
    if text is not None:
        return Literal(home, start, end, text)
    if digits:
        return Literal(home, start, end, int(digits))
    first, *rest = names.split(".")
    at = start + len(first)
    made: Expr = Variable(home, start, at, first)
    for name in rest:
        at += 1 + len(name)
        made = GetAttr(home, start, at, made, name)
    return made


def _value_of(root: Any) -> Any:
    for body in root.children:
        for attribute in body.children if body.type == "body" else ():
            if attribute.type == "attribute":
                return next((child for child in attribute.children if child.type == "expression"), None)
    return None


class _Builder:
    """From tree-sitter's nodes to ours; `base` is the offset of the parsed part in its file."""

    __slots__ = ("base", "home")

    def __init__(self, home: Home, base: int) -> None:
        self.home = home
        self.base = base

    def into(self, body: Body, root: Any, faults: list[Fault]) -> None:
        """Adds what a file's (or part's) root holds."""
        for child in root.children:
            if child.type == "body":
                self.fill(body, child, faults, 0)

    def fill(self, body: Body, node: Any, faults: list[Fault], depth: int) -> None:
        if depth > DEPTH:
            span = self.home.span(self.base + node.start_byte, self.base + node.start_byte + 1)
            faults.append(Fault(self.home.source, span, f"nests deeper than {DEPTH} levels"))
            return
        row = -1
        for child in node.children:
            kind = child.type
            if kind == "attribute":
                self.attribute(body, child, faults)
            elif kind == "block":
                self.block(body, child, faults, depth)
            else:
                continue
            first = child.start_point[0]
            if first == row:
                self.fault(faults, child, "not valid HCL: a second item in one line")
            row = child.end_point[0]
            if kind == "attribute" and child.end_point[1] == 0:
                row -= 1  # a heredoc ends with its line

    def fault(self, faults: list[Fault], node: Any, words: str) -> None:
        start = self.base + node.start_byte
        line = self.home.text[start : self.base + node.end_byte].split("\n", 1)[0].rstrip()
        faults.append(Fault(self.home.source, self.home.span(start, start + len(line)), words))

    def attribute(self, body: Body, node: Any, faults: list[Fault]) -> None:
        children = node.children
        start = self.base + children[0].start_byte
        name = self.home.text[start : self.base + children[0].end_byte]
        if name in body.attributes:
            self.fault(faults, node, f"not valid HCL: {name} is set twice")
            return
        value = (
            children[-1] if children[-1].type == "expression" else next(c for c in children if c.type == "expression")
        )
        first, last = self.base + value.start_byte, self.base + value.end_byte
        # A file's tree takes eighty times its text: what an attribute says is parsed again when somebody asks.
        body.attributes[name] = Attribute(self.home, name, start, lambda: _expression(self.home, first, last))

    def block(self, body: Body, node: Any, faults: list[Fault], depth: int) -> None:
        labels: list[str] = []
        inner = Body({}, [])
        kind = ""
        header_end = 0
        opened = closed = content = None
        for child in node.children:
            sort = child.type
            if sort == "identifier" or sort == "string_lit":
                start, header_end = self.base + child.start_byte, self.base + child.end_byte
                word = self.home.text[start:header_end]
                if not kind:
                    kind = word
                else:
                    labels.append(_unescaped(word[1:-1]) if sort == "string_lit" else word)
            elif sort == "body":
                content = child
            elif sort == "block_start":
                opened = child
            elif sort == "block_end":
                closed = child
        if content is not None:
            self.fill(inner, content, faults, depth + 1)
        if opened is not None and closed is not None:
            self.check_lines(node, opened, closed, content, inner, faults)
        start, end = self.base + node.start_byte, self.base + node.end_byte
        body.blocks.append(Block(kind, tuple(labels), inner, self.home, start, header_end, end))

    def check_lines(self, node: Any, opened: Any, closed: Any, content: Any, inner: Body, faults: list[Fault]) -> None:
        """A header stands in one line, and so does a block of one attribute; otherwise braces end their lines."""
        row = opened.start_point[0]
        if row != node.start_point[0]:
            self.fault(faults, node, "not valid HCL: '{' stands in the line of the block's header")
        elif content is not None:
            one = len(inner.attributes) == 1 and not inner.blocks
            if content.start_point[0] == row and not (one and closed.start_point[0] == content.end_point[0]):
                self.fault(faults, node, "not valid HCL: only a block of one attribute is written in one line")
            elif content.start_point[0] != row and self._same_line(content, closed):
                self.fault(faults, closed, "not valid HCL: '}' stands in a line of its own")

    def _same_line(self, content: Any, closed: Any) -> bool:
        return bool(content.end_point[0] == closed.start_point[0] and content.end_point[1] > 0)

    # expressions

    def at(self, node: Any) -> tuple[Home, int, int]:
        return self.home, self.base + node.start_byte, self.base + node.end_byte

    def words(self, node: Any) -> str:
        return self.home.text[self.base + node.start_byte : self.base + node.end_byte]

    def expression(self, node: Any, depth: int) -> Expr:
        if depth > DEPTH:
            return Opaque(*self.at(node), "nests too deeply to be read", [], [])
        made = self.chain([child for child in node.children if child.type != "comment"], depth)
        return made if made is not None else self.unread(node)

    def unread(self, node: Any) -> Expr:
        return Opaque(*self.at(node), "is no expression that can be read", [], [])

    def chain(self, nodes: list[Any], depth: int) -> Expr | None:
        """An operand and the postfix steps that stand behind it as its siblings."""
        if not nodes:
            return None
        if nodes[0].type == "(":
            made: Expr | None = self.expression(nodes[1], depth + 1)
            steps = nodes[3:]
        else:
            made = self.operand(nodes[0], depth)
            steps = nodes[1:]
        start = self.base + nodes[0].start_byte
        for number, step in enumerate(steps):
            if made is None:
                return None
            if step.type == "splat":
                return self.splat(start, made, step, steps[number + 1 :], depth)
            made = self.step(start, made, step, depth)
        return made

    def step(self, start: int, of: Expr, node: Any, depth: int) -> Expr | None:
        end = self.base + node.end_byte
        if node.type == "get_attr":
            return GetAttr(self.home, start, end, of, self.words(node.children[-1]))
        if node.type == "index":
            inner = node.children[0]
            if inner.type == "legacy_index":
                number = self.words(inner).lstrip(". \t\n")
                key: Expr = Literal(*self.at(inner), int(number) if number.isdigit() else number)
            else:
                value = next((child for child in inner.children if child.type == "expression"), None)
                if value is None:
                    return None
                key = self.expression(value, depth + 1)
            return Index(self.home, start, end, of, key)
        return None

    def splat(self, start: int, of: Expr, node: Any, rest: list[Any], depth: int) -> Expr | None:
        """Everything behind `[*]` applies to each item; behind `.*` an index applies to the list again."""
        inner = node.children[0]
        each: Expr | None = Variable(*self.at(inner.children[0]), "*")
        steps = [child for child in inner.children[1:] if child.type != "comment"]
        for number, step in enumerate(steps):
            if each is None:
                return None
            if inner.type == "attr_splat" and step.type == "index":
                rest = steps[number:] + rest
                break
            each = self.step(self.base + inner.start_byte, each, step, depth)
        if each is None:
            return None
        made: Expr | None = Splat(self.home, start, self.base + node.end_byte, of, each)
        for number, step in enumerate(rest):
            if made is None:
                return None
            if step.type == "splat":
                return self.splat(start, made, step, rest[number + 1 :], depth)
            made = self.step(start, made, step, depth)
        return made

    def operand(self, node: Any, depth: int) -> Expr | None:
        make = getattr(self, f"on_{node.type}", None)
        if make is None:
            return None
        made: Expr | None = make(node, depth)
        return made

    def on_expression(self, node: Any, depth: int) -> Expr:
        return self.expression(node, depth + 1)

    def on_literal_value(self, node: Any, depth: int) -> Expr | None:
        return self.operand(node.children[0], depth)

    def on_bool_lit(self, node: Any, depth: int) -> Expr:
        return Literal(*self.at(node), self.words(node) == "true")

    def on_null_lit(self, node: Any, depth: int) -> Expr:
        return Literal(*self.at(node), None)

    def on_numeric_lit(self, node: Any, depth: int) -> Expr:
        return Literal(*self.at(node), _number(self.words(node)))

    def on_variable_expr(self, node: Any, depth: int) -> Expr:
        return Variable(*self.at(node), self.words(node))

    def on_string_lit(self, node: Any, depth: int) -> Expr:
        return Literal(*self.at(node), _unescaped(self.words(node)[1:-1]))

    def on_template_expr(self, node: Any, depth: int) -> Expr | None:
        return self.operand(node.children[0], depth)

    def on_collection_value(self, node: Any, depth: int) -> Expr | None:
        return self.operand(node.children[0], depth)

    def on_for_expr(self, node: Any, depth: int) -> Expr | None:
        return self.operand(node.children[0], depth)

    def on_operation(self, node: Any, depth: int) -> Expr | None:
        return self.operand(node.children[0], depth)

    def on_tuple(self, node: Any, depth: int) -> Expr:
        return Tuple(*self.at(node), self.expressions(node, depth))

    def expressions(self, node: Any, depth: int) -> list[Expr]:
        return [self.expression(child, depth + 1) for child in node.children if child.type == "expression"]

    def on_object(self, node: Any, depth: int) -> Expr:
        pairs = []
        for child in node.children:
            if child.type == "object_elem":
                sides = self.expressions(child, depth)
                if len(sides) == 2:
                    key = sides[0]
                    if isinstance(key, Variable) and not self.words(child).startswith("("):
                        key = Literal(key.home, key.start, key.end, key.name)
                    elif isinstance(key, Literal) and not isinstance(key.value, str):
                        key = Literal(key.home, key.start, key.end, key.text)
                    pairs.append((key, sides[1]))
        return Object(*self.at(node), pairs)

    def on_function_call(self, node: Any, depth: int) -> Expr:
        arguments: list[Expr] = []
        expands = False
        for child in node.children:
            if child.type == "function_arguments":
                arguments = self.expressions(child, depth)
                expands = any(part.type == "ellipsis" for part in child.children)
        return Call(*self.at(node), self.words(node.children[0]), arguments, expands)

    def on_conditional(self, node: Any, depth: int) -> Expr | None:
        """`a ? b : c ? d : e` is read as `(a ? b : c) ? d : e`: turned round here."""
        sides = [child for child in node.children if child.type == "expression"]
        if len(sides) != 3:
            return None
        test, yes, no = sides
        inner = [child for child in test.children if child.type != "comment"]
        made_yes, made_no = self.expression(yes, depth + 1), self.expression(no, depth + 1)
        start, end = self.base + node.start_byte, self.base + node.end_byte
        while len(inner) == 1 and inner[0].type == "conditional":
            parts = [child for child in inner[0].children if child.type == "expression"]
            if len(parts) != 3:
                return None
            test = parts[2]
            begin = self.base + test.start_byte
            made_no = Conditional(self.home, begin, end, self.expression(test, depth + 1), made_yes, made_no)
            made_yes = self.expression(parts[1], depth + 1)
            test = parts[0]
            inner = [child for child in test.children if child.type != "comment"]
        return Conditional(self.home, start, end, self.expression(test, depth + 1), made_yes, made_no)

    def on_unary_operation(self, node: Any, depth: int) -> Expr | None:
        parts = [child for child in node.children if child.type != "comment"]
        of = self.chain(parts[1:], depth + 1) if depth <= DEPTH else None
        return None if of is None else Unary(*self.at(node), parts[0].type, of)

    def on_binary_operation(self, node: Any, depth: int) -> Expr | None:
        if depth > DEPTH:
            return None
        parts = [child for child in node.children if child.type != "comment"]
        middle = next((number for number, part in enumerate(parts) if number and part.type in _BINARY), 0)
        left, right = self.chain(parts[:middle], depth + 1), self.chain(parts[middle + 1 :], depth + 1)
        if left is None or right is None:
            return None
        return Binary(*self.at(node), parts[middle].type, left, right)

    def on_for_tuple_expr(self, node: Any, depth: int) -> Expr | None:
        return self.for_(node, depth, keyed=False)

    def on_for_object_expr(self, node: Any, depth: int) -> Expr | None:
        return self.for_(node, depth, keyed=True)

    def for_(self, node: Any, depth: int, keyed: bool) -> Expr | None:
        intro = next((child for child in node.children if child.type == "for_intro"), None)
        if intro is None:
            return None
        names = [self.words(child) for child in intro.children if child.type == "identifier"]
        over = self.expressions(intro, depth)
        results = self.expressions(node, depth)
        condition = next((self.expressions(child, depth) for child in node.children if child.type == "for_cond"), [])
        if len(over) != 1 or len(results) != 1 + keyed:
            return None
        groups = any(child.type == "ellipsis" for child in node.children)
        key = results[0] if keyed else None
        return For(*self.at(node), names, over[0], key, results[-1], condition[0] if condition else None, groups)

    # templates

    def on_quoted_template(self, node: Any, depth: int) -> Expr:
        start, end = self.base + node.start_byte + 1, self.base + node.end_byte - 1
        return self._template(node, self.pieces(node.children[1:-1], start, end, depth, _unescaped))

    def on_heredoc_template(self, node: Any, depth: int) -> Expr:
        opening, closing = node.children[1], node.children[-1]
        text = self.home.text
        start = text.find("\n", self.base + opening.end_byte) + 1
        end = text.rfind("\n", 0, self.base + closing.start_byte) + 1
        pieces = self.pieces(node.children[2:-1], start, max(start, end), depth, None)
        parts: list[str | Expr] = []
        for piece in pieces:
            parts += piece.splitlines(keepends=True) if isinstance(piece, str) else [piece]
        if self.words(node.children[0]) == "<<-":
            _dedent(parts)
        unescaped = [_NOT_ESCAPE.sub(r"\1{", part) if isinstance(part, str) else part for part in parts]
        return self._template(node, unescaped)

    def _template(self, node: Any, parts: list[str | Expr]) -> Expr:
        joined: list[str | Expr] = []
        for part in parts:
            if isinstance(part, str) and joined and isinstance(joined[-1], str):
                joined[-1] += part
            elif part != "":
                joined.append(part)
        if not joined:
            return Literal(*self.at(node), "")
        if len(joined) == 1 and isinstance(joined[0], str):
            return Literal(*self.at(node), joined[0])
        return Template(*self.at(node), joined)

    def pieces(
        self, nodes: list[Any], start: int, end: int, depth: int, unescape: Callable[[str], str] | None
    ) -> list[str | Expr]:
        """Text and expressions in turn. A `~` takes the blanks away beside it, in heredocs up to the end of a line."""
        parts: list[str | Expr] = []
        strip = False
        for node in [*(node for node in nodes if node.type != "template_literal"), None]:
            stop = end if node is None else self.base + node.start_byte
            text = self.home.text[start:stop]
            text = unescape(text) if unescape else text
            markers = (
                [number for number, child in enumerate(node.children) if child.type == "strip_marker"] if node else []
            )
            if strip:
                text = text.lstrip() if unescape else _strip_left(text)
            if 1 in markers:
                text = text.rstrip() if unescape else _strip_right(text)
            parts.append(text)
            if node is not None:
                parts.append(self.piece(node, depth))
                start = self.base + node.end_byte
            strip = any(number > 1 for number in markers)
        return parts

    def piece(self, node: Any, depth: int) -> Expr:
        inner = self.expressions(node, depth) if node.type == "template_interpolation" else []
        if len(inner) == 1:
            return inner[0]
        return self.directive(node, depth)

    def directive(self, node: Any, depth: int) -> Expr:
        """`%{ if }` and `%{ for }`: the expressions inside, and the names that a `for` gives."""
        inner: list[Expr] = []
        names: list[str] = []
        stack = [node]
        while stack:
            here = stack.pop()
            if here.type == "expression":
                inner.append(self.expression(here, depth + 1))
                continue
            if here.type == "template_for_start" or here.type == "for_intro":
                names += [self.words(child) for child in here.children if child.type == "identifier"]
            elif here.type == "identifier" and here.parent is not None and "for" in here.parent.type:
                names.append(self.words(here))
            stack.extend(reversed(here.children))
        return Opaque(*self.at(node), "holds a template directive that is not evaluated here", inner, names)


def _strip_left(raw: str) -> str:
    """What `~}` does: takes blanks away up to the end of the line, and its break."""
    line, newline, rest = raw.partition("\n")
    return rest if newline and not line.strip() else raw.lstrip()


def _strip_right(raw: str) -> str:
    """What `${~` does: takes blanks away back to the line before it, and its break."""
    start = raw.rfind("\n", 0, len(raw) - 1) + 1
    return raw[:start] + raw[start:].rstrip()


def _dedent(parts: list[str | Expr]) -> None:
    """What `<<-` does: takes the least indentation of any line that is not blank away from all of them."""
    starts: list[int] = []
    least: int | None = None
    fresh = True
    for number, part in enumerate(parts):
        if fresh:
            indent: int | None = 0
            if isinstance(part, str):
                bare = part.lstrip()
                if not bare and part.endswith("\n"):
                    indent = None
                else:
                    indent = len(part) - len(bare)
                    starts.append(number)
            if indent is not None:
                least = indent if least is None else min(least, indent)
        fresh = isinstance(part, str) and part.endswith("\n")
    for number in starts:
        line = parts[number]
        assert isinstance(line, str)
        parts[number] = line[least or 0 :]


def _unescaped(raw: str) -> str:
    if "\\" not in raw and "{" not in raw:
        return raw
    return _ESCAPE.sub(_unescape, raw)


def _unescape(match: re.Match[str]) -> str:
    if match[1]:
        return _ESCAPED[match[1]]
    if match[4]:
        return f"{match[4]}{{"
    number = int(match[2] or match[3], 16)
    return chr(number) if number <= 0x10FFFF else match[0]


def _number(words: str) -> int | float:
    """Whole numbers are exact, however they are written."""
    if words.isdigit() and len(words) <= 1000:
        return int(words)
    value = float(words)
    if not value.is_integer() or abs(value) > 1e300:
        return value
    return int(Decimal(words))
