"""Values that remember where they were written.

A parser turns text into nodes; everything above reads nodes. Looking something up never raises: what nobody wrote is
`Missing`, placed at the nearest thing somebody did write. What is known only at run time holds an `Expression`, and
reading its value raises `Unresolved`, which the engine turns into UNKNOWN. So a rule cannot fail on what it does not
know unless it tries.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

T = TypeVar("T")

if TYPE_CHECKING or sys.version_info >= (3, 12):
    from functools import cached_property as cached_property
else:

    class cached_property:  # noqa: N801  # in the place of functools', which before Python 3.12 takes a lock
        """A property that is made once."""

        def __init__(self, make: Any) -> None:
            self.make = make
            self.name = make.__name__
            self.__doc__ = make.__doc__

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            if instance is None:
                return self
            made = instance.__dict__[self.name] = self.make(instance)
            return made


class _Pattern:
    """A regular expression that is compiled when first used: most audits meet few of the languages we read."""

    __slots__ = ("_arguments", "findall", "finditer", "fullmatch", "match", "search", "split", "sub")

    def __init__(self, *arguments: Any) -> None:
        self._arguments = arguments

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(*self._arguments)
        for method in self.__slots__[1:]:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def regex(text: str, flags: int = 0) -> re.Pattern[str]:
    """`re.compile`, put off until the pattern is used."""
    return cast("re.Pattern[str]", _Pattern(text, flags))


_LINE_BREAK = re.compile(r"\r\n|\n|\r")


class Span(NamedTuple):
    """A place in one file: lines and columns from 1, in characters; the end is the first character after it."""

    line: int
    column: int
    end_line: int
    end_column: int


START = Span(1, 1, 1, 1)


class Source:
    """One file of the repository: its path below the root, with `/`, and its text, read when first asked for.

    Raises whatever `text` raises when it is a function: `discover` gives one that raises `Unreadable`.
    """

    __slots__ = ("_lines", "_made", "_starts", "_text", "path", "repeated")

    exact = True  # whether a node's value is the text at its span: not where something else was made of the file

    def __init__(self, path: str, text: str | Callable[[], str]) -> None:
        self.path = path
        self._text = text
        self._lines: list[str] | None = None
        self._starts: list[int] | None = None
        self._made: dict[object, Any] = {}
        self.repeated: dict[Span, str] = {}  # keys that their mapping held already, as the parser met them

    def once(self, make: Callable[[Source], T]) -> T:
        """`make(self)`, made once: several models may read one file, and its syntax is parsed for all of them."""
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]
        return made

    @property
    def text(self) -> str:
        if not isinstance(self._text, str):
            self._text = self._text()
        return self._text

    @property
    def lines(self) -> list[str]:
        if self._lines is None:
            self._lines = _LINE_BREAK.split(self.text) if "\r" in self.text else self.text.split("\n")
        return self._lines

    def line(self, number: int) -> str:
        """Line `number`, from 1, without its break; empty when the file has no such line."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def span(self, start: int, end: int) -> Span:
        """The span of characters `start` to `end` (offsets from 0, the end excluded)."""
        if self._starts is None:
            self._starts = [0, *self._ends()]
        return Span(*self._position(start), *self._position(end))

    def _ends(self) -> Iterator[int]:
        if "\r" in self.text:
            return (found.end() for found in _LINE_BREAK.finditer(self.text))
        return accumulate(len(line) + 1 for line in self.lines[:-1])  # each has one sign at its end: much quicker

    def offsets(self, span: Span) -> tuple[int, int]:
        """Where a span begins and ends, in characters from the start of the text."""
        self.span(0, 0)
        assert self._starts is not None
        begin = self._starts[span.line - 1] + span.column - 1
        return begin, self._starts[span.end_line - 1] + span.end_column - 1

    def _position(self, offset: int) -> tuple[int, int]:
        assert self._starts is not None
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def slice(self, span: Span) -> str:
        """The text that stands at `span`."""
        rows = self.lines[span.line - 1 : span.end_line]
        if not rows:
            return ""
        rows = list(rows)
        rows[-1] = rows[-1][: span.end_column - 1]
        rows[0] = rows[0][span.column - 1 :]
        return "\n".join(rows)

    def line_span(self, number: int) -> Span:
        """Line `number` from its first character that is not blank to its end."""
        text = self.line(number)
        begin = len(text) - len(text.lstrip()) + 1
        return Span(number, begin, number, max(len(text.rstrip()) + 1, begin))

    def __repr__(self) -> str:
        return f"Source({self.path!r})"


class Expression(NamedTuple):
    """A value known only at run time: its text as written, and why it is not known here.

    `may_be_null` where there is reason to think that it comes to null, which is as if nobody wrote it.
    """

    text: str
    reason: str = "is known only at run time"
    may_be_null: bool = False


class Unresolved(Exception):
    """The value of an `Expression` was asked for. The engine answers UNKNOWN(unresolved) for the subject."""

    def __init__(self, node: Node, expression: Expression) -> None:
        super().__init__(f"{expression.text} {expression.reason}")
        self.node = node
        self.expression = expression


class Node:
    """A value with its place. Holds None, bool, int, float, str, dict[str, Node], list[Node] or an `Expression`.

    `node["spec"]["replicas"]` never raises; `node == 3` and `str in node` compare values; a node is true when its value
    is. `key` is the place of the key it was written under, `tag` an explicit YAML tag (`!reference`).
    """

    __slots__ = ("_value", "key", "source", "span", "tag")
    __hash__ = None  # type: ignore[assignment]  # nodes compare by value and are mutable inside

    def __init__(self, value: Any, source: Source, span: Span, key: Span | None = None, tag: str = "") -> None:
        self._value = value
        self.source = source
        self.span = span
        self.key = key
        self.tag = tag

    # what it is

    @property
    def value(self) -> Any:
        """The plain value, with nodes inside containers. Raises `Unresolved` for an expression."""
        if isinstance(self._value, Expression):
            raise Unresolved(self, self._value)
        return self._value

    @property
    def expression(self) -> Expression | None:
        """The expression it holds, or None when its value is known."""
        return self._value if isinstance(self._value, Expression) else None

    @property
    def known(self) -> bool:
        return not isinstance(self._value, Expression)

    @property
    def whole(self) -> bool:
        """It is known, and so is what it holds (though perhaps not what that comes to)."""
        return not isinstance(self._value, (Expression, Partly))

    @property
    def present(self) -> bool:
        """Somebody wrote it, and not as null: an expression is present."""
        return self._value is not None

    @property
    def is_mapping(self) -> bool:
        return isinstance(self._value, dict)

    @property
    def is_list(self) -> bool:
        return isinstance(self._value, list)

    @property
    def text(self) -> str:
        """A scalar as text ('' for null, mappings and lists; 'true' for True). Raises `Unresolved`."""
        if self._value.__class__ is str:
            text: str = self._value
            return text
        value = self.value
        if isinstance(value, bool):
            return "true" if value else "false"
        return "" if value is None or isinstance(value, (dict, list)) else str(value)

    @property
    def number(self) -> float | int | None:
        """Its number, also when written as a string of digits; None when it is none. Raises `Unresolved`."""
        value = self.value
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and re.fullmatch(r"[-+]?\d{1,18}(\.\d{1,18})?", value.strip()):
            return float(value) if "." in value else int(value)
        return None

    @property
    def plain(self) -> Any:
        """The value with containers as plain dicts and lists. Raises `Unresolved` if anything inside is not known."""
        value = self.value
        if isinstance(value, dict):
            self._see_whole()
            return {key: child.plain for key, child in value.items()}
        if isinstance(value, list):
            return [child.plain for child in value]
        return value

    @property
    def mark(self) -> Span:
        """What to underline: the value, or the key when the value is a mapping, a list or empty."""
        if self.key and (self._value is None or isinstance(self._value, (dict, list))):
            return self.key
        return self.span

    # what is inside

    def __getitem__(self, key: str | int) -> Node:
        value = self._value
        if value.__class__ is dict:  # most of all calls
            held: Node | None = value.get(key)
            return Missing(self, key) if held is None else held
        if isinstance(value, Expression):
            return self
        if isinstance(key, str):
            if isinstance(value, dict):
                found: Node | None = value.get(key)
                if found is not None:
                    return found
                if isinstance(value, Partly):
                    return Node(value.other(key), self.source, self.mark, self.key)
        elif isinstance(value, list) and -len(value) <= key < len(value):
            item: Node = value[key]
            return item
        return Missing(self, key)

    def at(self, path: str) -> Node:
        """The node below a dotted path: `node.at("spec.template.spec")`; list items by number."""
        node = self
        for step in path.split("."):
            node = node[int(step) if step.isdigit() and node.is_list else step]
        return node

    def __iter__(self) -> Iterator[Node]:
        """The items of a list; nothing for anything else. Raises `Unresolved`."""
        return iter(self.value if isinstance(self.value, list) else ())

    def items(self) -> Iterator[tuple[str, Node]]:
        """The pairs of a mapping; nothing for anything else. Raises `Unresolved`, behind the known pairs of a mapping
        that was not seen whole."""
        value = self.value
        if isinstance(value, Partly):
            return self._known_items()
        return iter(value.items() if isinstance(value, dict) else ())

    def _known_items(self) -> Iterator[tuple[str, Node]]:
        yield from self.value.items()
        self._see_whole()

    def _see_whole(self) -> None:
        if isinstance(self._value, Partly):
            raise Unresolved(self, self._value.rest)

    def __len__(self) -> int:
        value = self.value
        self._see_whole()
        return len(value) if isinstance(value, (dict, list, str)) else 0

    def __bool__(self) -> bool:
        value = self.value
        if not value:
            self._see_whole()
        return bool(value)

    def __contains__(self, item: object) -> bool:
        value = self.value
        held = item in value if isinstance(value, (dict, list, str)) else False
        if not held:
            self._see_whole()
        return held

    def __eq__(self, other: object) -> bool:
        value, against = self.value, other.value if isinstance(other, Node) else other
        if isinstance(against, dict):
            self._see_whole()
            if isinstance(other, Node):
                other._see_whole()
        return bool(value == against)

    def walk(self) -> Iterator[Node]:
        """This node and every node inside it, each once, parents first. Does not raise."""
        seen: set[int] = set()
        stack = [self]
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            yield node
            if isinstance(node._value, dict):
                if isinstance(node._value, Partly):
                    stack.append(Node(node._value.rest, node.source, node.span, node.key))
                stack.extend(reversed(node._value.values()))
            elif isinstance(node._value, list):
                stack.extend(reversed(node._value))

    def texts(self) -> list[Node]:
        """Those of `walk` that hold a text, in its order."""
        found: list[Node] = []
        seen: set[int] = set()
        stack = [self]
        while stack:
            node = stack.pop()
            value = node._value
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(value, str):
                found.append(node)
            elif isinstance(value, dict):
                stack.extend(reversed(value.values()))
            elif isinstance(value, list):
                stack.extend(reversed(value))
        return found

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._value!r} at {self.source.path}:{self.span.line})"


class Missing(Node):
    """What nobody wrote. Its place is that of the nearest thing somebody did write; `path` is what was looked for."""

    __slots__ = ("_near", "_step")

    def __init__(self, near: Node, key: str | int) -> None:  # often: what is asked for is mostly not there
        value = near._value
        self._value = None
        self.source = near.source
        self.key = at = near.key
        self.span = at if at and (value is None or isinstance(value, (dict, list))) else near.span
        self.tag = ""
        self._near = near
        self._step = key

    @property
    def path(self) -> str:
        return f"{self._near.path}.{self._step}" if isinstance(self._near, Missing) else str(self._step)


class Partly(dict[str, Node]):
    """The entries of a mapping that was not seen whole; `rest` is what the others wait for. With `names`, it can hold
    no others than these."""

    __slots__ = ("names", "rest")

    def __init__(self, entries: Mapping[str, Node], rest: Expression, names: frozenset[str] | None = None) -> None:
        super().__init__(entries)
        self.rest = rest
        self.names = names

    def other(self, key: str) -> Expression | None:
        """What it holds under a key that it is not known to hold: perhaps nothing."""
        if self.names is not None and key not in self.names:
            return None
        return Expression(self.rest.text or key, self.rest.reason, may_be_null=True)


class Open(Node):
    """A mapping that was not seen whole: what it does not hold is not absent but unknown, for the `reason`."""

    __slots__ = ()

    def __init__(
        self, value: dict[str, Node], source: Source, span: Span, key: Span | None, reason: str,
        names: frozenset[str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(Partly(value, Expression("", reason), names), source, span, key)


class Fault(NamedTuple):
    """Something in a file that could not be read. Everything else in the file still is.

    `reason` is one of the reasons of UNKNOWN (`unreadable`, `template-unrendered`, ...), `technology` whose criteria
    cannot be proven because of it ('' when nobody can tell).
    """

    source: Source
    span: Span
    message: str
    reason: str = "unreadable"
    technology: str = ""
    hint: str = ""
