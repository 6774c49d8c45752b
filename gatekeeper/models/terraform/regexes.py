"""Regular expressions as Terraform has them (RE2's syntax), in linear time whatever the pattern and the text.

Patterns and texts come from whoever wrote the repository, and `re` backtracks: `(a+)+$` on thirty characters takes
minutes. Here a pattern is a program of small steps, and all its threads walk over the text side by side, the preferred
one first (Pike's machine). Steps are counted: what takes too many is not answered.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from gatekeeper.node import regex

LENGTH = 1000  # characters of a pattern
STATES = 3000
DEPTH = 20  # of groups
STEPS = 300_000  # of one search

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_CLASSES: dict[str, Callable[[str], bool]] = {
    "d": lambda c: c in "0123456789",
    "w": lambda c: c == "_" or (c.isascii() and c.isalnum()),
    "s": lambda c: c in " \t\n\r\f",
}
_POSIX: dict[str, Callable[[str], bool]] = {
    "alnum": lambda c: c.isascii() and c.isalnum(),
    "alpha": lambda c: c.isascii() and c.isalpha(),
    "ascii": str.isascii,
    "blank": lambda c: c in " \t",
    "cntrl": lambda c: c < " " or c == "\x7f",
    "digit": _CLASSES["d"],
    "graph": lambda c: "!" <= c <= "~",
    "lower": lambda c: "a" <= c <= "z",
    "print": lambda c: " " <= c <= "~",
    "punct": lambda c: "!" <= c <= "~" and not c.isalnum(),
    "space": lambda c: c in " \t\n\r\f\v",
    "upper": lambda c: "A" <= c <= "Z",
    "word": _CLASSES["w"],
    "xdigit": lambda c: c in "0123456789abcdefABCDEF",
}
_FLAGS = regex(r"\(\?([ims]*)(?:-([ims]+))?([:)])")
_NAMED = regex(r"\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>")
_REPEAT = regex(r"\{(\d{1,4})(,(\d{0,4}))?\}")
_CODE = regex(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})|([0-7]{3})")
_PROPERTY = regex(r"([pP])(?:([A-Z])|\{(\^?)([A-Z][a-z]?)\})")

Test = Callable[[str], bool]
Build = Callable[["list[Any]"], None]  # appends the steps of a part to a program


class Unsupported(ValueError):
    """A pattern that cannot be read here, or a search that takes too many steps."""


class Match(NamedTuple):
    """Where a pattern matches, and where its groups do: offsets, -1 for a group that took no part."""

    places: tuple[int, ...]

    @property
    def start(self) -> int:
        return self.places[0]

    @property
    def end(self) -> int:
        return self.places[1]


@lru_cache(maxsize=256)
def compiled(text: str) -> Pattern:
    """Raises `Unsupported`."""
    return Pattern(text)


class Pattern:
    """A pattern; `names` has a name, or '', for each of its groups."""

    def __init__(self, text: str) -> None:
        if len(text) > LENGTH:
            raise Unsupported(f"a pattern has at most {LENGTH} characters")
        self.text = text
        self.names: list[str] = []
        self._at = 0
        self._flags = frozenset[str]()
        build = self._either(0)
        if self._at < len(text):
            raise Unsupported("a ')' without its '('")
        program: list[Any] = [("save", 0)]
        build(program)
        program += [("save", 1), ("match",)]
        self._program = program

    # reading

    def _ahead(self, words: str) -> bool:
        return self.text.startswith(words, self._at)

    def _either(self, depth: int) -> Build:
        branches = [self._sequence(depth)]
        while self._ahead("|"):
            self._at += 1
            branches.append(self._sequence(depth))

        def build(program: list[Any]) -> None:
            ends = []
            for branch in branches[:-1]:
                split = _add(program, None)
                branch(program)
                ends.append(_add(program, None))
                program[split] = ("split", split + 1, len(program))
            branches[-1](program)
            for end in ends:
                program[end] = ("jump", len(program))

        return branches[0] if len(branches) == 1 else build

    def _sequence(self, depth: int) -> Build:
        parts: list[Build] = []
        while self._at < len(self.text) and self.text[self._at] not in "|)":
            part = self._one(depth)
            if part is not None:
                parts.append(self._repeated(part))

        def build(program: list[Any]) -> None:
            for part in parts:
                part(program)

        return build

    def _one(self, depth: int) -> Build | None:
        character = self.text[self._at]
        if character == "(":
            return self._group(depth + 1)
        if character == "\\":
            return self._escaped()
        self._at += 1
        if character in "*+?":
            raise Unsupported(f"nothing for {character!r} to repeat")
        if character == "[":
            return _single(self._folded(self._class()))
        if character == ".":
            return _single((lambda c: True) if "s" in self._flags else (lambda c: c != "\n"))
        if character == "^":
            return _step("assert", "line" if "m" in self._flags else "begin")
        if character == "$":
            return _step("assert", "line-end" if "m" in self._flags else "end")
        return self._character(character)

    def _character(self, character: str) -> Build:
        return _single(self._folded(lambda c: c == character))

    def _folded(self, test: Test) -> Test:
        if "i" not in self._flags:
            return test
        return lambda c: test(c) or test(c.lower()) or test(c.upper())

    def _group(self, depth: int) -> Build | None:
        if depth > DEPTH:
            raise Unsupported(f"groups nest deeper than {DEPTH}")
        outer = self._flags
        flags, named = _FLAGS.match(self.text, self._at), _NAMED.match(self.text, self._at)
        number = 0
        if flags:
            self._at = flags.end()
            self._flags = (outer | set(flags[1])) - set(flags[2] or "")
            if flags[3] == ")":
                return None  # for the rest of the group it stands in, which puts back what there was
        elif named or not self._ahead("(?"):
            self._at = named.end() if named else self._at + 1
            self.names.append(named[1] if named else "")
            number = len(self.names)
        else:
            raise Unsupported("a group of a kind that is not read here")
        inner = self._either(depth)
        if not self._ahead(")"):
            raise Unsupported("a '(' without its ')'")
        self._at += 1
        self._flags = outer
        if not number:
            return inner

        def build(program: list[Any]) -> None:
            _add(program, ("save", 2 * number))
            inner(program)
            _add(program, ("save", 2 * number + 1))

        return build

    def _escaped(self) -> Build:
        self._at += 1
        rest = self.text[self._at : self._at + 1]
        asserted = {"A": "begin", "z": "end", "b": "edge", "B": "inside"}.get(rest)
        if asserted:
            self._at += 1
            return _step("assert", asserted)
        if rest == "Q":
            end = self.text.find("\\E", self._at)
            quoted = self.text[self._at + 1 : end if end >= 0 else len(self.text)]
            self._at = end + 2 if end >= 0 else len(self.text)
            if len(quoted) != 1:  # a repetition behind it means its last character only
                raise Unsupported("\\Q is not read here")
            return self._character(quoted)
        found = self._class_escape()
        return self._character(found) if isinstance(found, str) else _single(self._folded(found))

    def _class_escape(self) -> Test | str:
        """What stands behind a backslash: a class, or one character."""
        letter = self.text[self._at : self._at + 1]
        if letter.lower() in _CLASSES and letter:
            self._at += 1
            test = _CLASSES[letter.lower()]
            return test if letter.islower() else lambda c: not test(c)
        code, property_ = _CODE.match(self.text, self._at), _PROPERTY.match(self.text, self._at)
        if code:
            self._at = code.end()
            number = int(code[1] or code[2] or "0", 16) if not code[3] else int(code[3], 8)
            if number > 0x10FFFF:
                raise Unsupported("no such character")
            return chr(number)
        if property_:
            self._at = property_.end()
            name = property_[2] or property_[4]
            negated = (property_[1] == "P") != bool(property_[3])
            return lambda c: unicodedata.category(c).startswith(name) != negated
        if not letter or (letter.isalnum() and letter not in _ESCAPES):
            raise Unsupported(f"\\{letter} is not supported")
        self._at += 1
        return _ESCAPES.get(letter, letter)

    def _class(self) -> Test:
        negated = self._ahead("^")
        self._at += negated
        tests: list[Test] = []
        first = True
        while first or not self._ahead("]"):
            if self._at >= len(self.text):
                raise Unsupported("'[' is not closed")
            first = False
            low = self._member()
            if not isinstance(low, str):
                tests.append(low)
            elif self._ahead("-") and not self._ahead("-]"):
                self._at += 1
                high = self._member()
                if not isinstance(high, str) or high < low:
                    raise Unsupported("a range that is none")
                tests.append(_between(low, high))
            else:
                tests.append(_between(low, low))
        self._at += 1
        return lambda c: any(test(c) for test in tests) != negated

    def _member(self) -> Test | str:
        if self._ahead("[:"):
            end = self.text.find(":]", self._at)
            name = self.text[self._at + 2 : end]
            test = _POSIX.get(name.removeprefix("^")) if end >= 0 else None
            if test is None:
                raise Unsupported("no such class")
            self._at = end + 2
            return (lambda c: not test(c)) if name.startswith("^") else test
        character = self.text[self._at : self._at + 1]
        self._at += 1
        return self._class_escape() if character == "\\" else character

    def _repeated(self, one: Build) -> Build:
        sign = self.text[self._at : self._at + 1]
        braces = _REPEAT.match(self.text, self._at)
        if not sign or (sign not in "*+?" and not braces):
            return one
        least, most = int(sign == "+"), 1 if sign == "?" else None
        if braces:
            least = int(braces[1])
            most = int(braces[3]) if braces[3] else None if braces[2] else least
            if least > 1000 or (most is not None and (most > 1000 or most < least)):
                raise Unsupported("no such repetition")
        self._at = braces.end() if braces else self._at + 1
        lazy = self._ahead("?")
        self._at += lazy
        if self._ahead("*") or self._ahead("+") or self._ahead("?"):
            raise Unsupported("a repetition of a repetition")

        def build(program: list[Any]) -> None:
            for _ in range(least):
                one(program)
            ends = []
            for _ in range(1 if most is None else most - least):
                ends.append(_add(program, None))
                one(program)
            if most is None:
                _add(program, ("jump", ends[0]))
            for end in ends:
                ways = (end + 1, len(program))
                program[end] = ("split", *(reversed(ways) if lazy else ways))

        return build

    # matching

    def search(self, text: str, start: int = 0, steps: list[int] | None = None) -> Match | None:
        """The leftmost match from an offset, as RE2 prefers it. Raises `Unsupported` when that takes too long."""
        left = steps if steps is not None else [STEPS]
        unmatched = (-1,) * (2 * len(self.names) + 2)
        threads: list[tuple[int, tuple[int, ...]]] = []
        found: tuple[int, ...] | None = None
        for at in range(start, len(text) + 1):
            if found is None:
                threads.append((0, unmatched))
            if not threads:
                break
            character = text[at] if at < len(text) else None
            following: list[tuple[int, tuple[int, ...]]] = []
            for step, places in self._spread(threads, text, at, left):
                operation = self._program[step]
                if operation[0] == "match":
                    found = places
                    break  # threads behind it are less preferred
                if character is not None and operation[1](character):
                    following.append((step + 1, places))
            threads = following
        return Match(found) if found else None

    def _spread(
        self, threads: list[tuple[int, tuple[int, ...]]], text: str, at: int, left: list[int]
    ) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The threads, by preference, each at a step that reads a character or that matches."""
        seen: set[int] = set()
        stack = threads[::-1]
        while stack:
            step, places = stack.pop()
            if step in seen:
                continue
            seen.add(step)
            left[0] -= 1
            if left[0] < 0:
                raise Unsupported("takes too many steps")
            operation = self._program[step]
            kind = operation[0]
            if kind == "read" or kind == "match":
                yield step, places
            elif kind == "jump":
                stack.append((operation[1], places))
            elif kind == "split":
                stack += [(operation[2], places), (operation[1], places)]
            elif kind == "save":
                slot = operation[1]
                stack.append((step + 1, (*places[:slot], at, *places[slot + 1 :])))
            elif _holds(operation[1], text, at):
                stack.append((step + 1, places))

    def all(self, text: str) -> list[Match]:
        """Every match, one behind the other; an empty one not right behind another."""
        found: list[Match] = []
        steps = [STEPS]
        at = 0
        last = -1
        while at <= len(text):
            match = self.search(text, at, steps)
            if match is None:
                break
            if match.end > match.start or match.start != last:
                found.append(match)
            last = match.end
            at = match.end if match.end > at else at + 1
        return found


def _add(program: list[Any], step: Any) -> int:
    if len(program) >= STATES:
        raise Unsupported("the pattern is too large: repeat less")
    program.append(step)
    return len(program) - 1


def _step(kind: str, operand: Any) -> Build:
    return lambda program: (_add(program, (kind, operand)), None)[1]


def _single(test: Test) -> Build:
    return _step("read", test)


def _between(low: str, high: str) -> Test:
    return lambda c: low <= c <= high


def _holds(assertion: str, text: str, at: int) -> bool:
    if assertion in ("begin", "line"):
        return at == 0 or (assertion == "line" and text[at - 1] == "\n")
    if assertion in ("end", "line-end"):
        return at == len(text) or (assertion == "line-end" and text[at] == "\n")
    edge = _word(text[at - 1 : at] if at else "") != _word(text[at : at + 1])
    return edge == (assertion == "edge")


def _word(character: str) -> bool:
    return bool(character) and _CLASSES["w"](character)
