"""Regular expressions that cost linear time, whatever the pattern and the text.

A rule may come from anybody, and `re` backtracks: `(a+)+$` on thirty characters takes minutes. Here a pattern becomes a
set of states, and each character of the text moves all states that are alive at once (Thompson's construction), so the
work is at most length x states, and both are capped. What cannot be done that way (references to groups, looking ahead
or behind) is refused when the rule is read.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache

LENGTH = 500  # characters of a pattern
STATES = 2000
DEPTH = 20  # of groups

_TOKEN = re.compile(r"\(\?:|\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d{1,3}(?:,\d{0,3})?\}|\\.|.", re.DOTALL)
_FLAGS = re.compile(r"\(\?([is]+)\)")
_ASSERTIONS = {"^": "begin", "$": "end", r"\A": "begin", r"\Z": "end", r"\b": "edge", r"\B": "inside"}

Build = Callable[[int], int]  # adds states behind a state, and says which is the last
Holds = Callable[[str | None, str, int], bool]  # whether an assertion holds there
Edge = tuple[Callable[[str], bool] | str | None, int]  # a test of one character, an assertion, or nothing; and where to


class Pattern:
    """A compiled pattern. Raises ValueError, in words for its author, when it is not one that can be held linear."""

    def __init__(self, text: str) -> None:
        if len(text) > LENGTH:
            raise ValueError(f"a pattern has at most {LENGTH} characters")
        flags = _FLAGS.match(text)
        self.text = text
        self._flags = sum({"i": re.IGNORECASE, "s": re.DOTALL}[flag] for flag in set(flags[1])) if flags else 0
        self._tokens = _TOKEN.findall(text, flags.end() if flags else 0)
        self._next = 0
        self._edges: list[list[Edge]] = [[]]
        build = self._either(0)
        if self._next < len(self._tokens):
            raise ValueError("a ')' without its '('")
        self._last = build(0)

    # reading

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _either(self, depth: int) -> Build:
        branches = [self._sequence(depth)]
        while self._peek() == "|":
            self._next += 1
            branches.append(self._sequence(depth))
        if len(branches) == 1:
            return branches[0]

        def build(start: int) -> int:
            end = self._state()
            for branch in branches:
                self._edges[branch(self._after(start))].append((None, end))
            return end

        return build

    def _sequence(self, depth: int) -> Build:
        parts: list[Build] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated(self._one(depth)))

        def build(start: int) -> int:
            for part in parts:
                start = part(start)
            return start

        return build

    def _one(self, depth: int) -> Build:
        atom = self._peek()
        self._next += 1
        if atom in ("(", "(?:"):
            return self._group(depth + 1)
        if atom in _ASSERTIONS:
            return lambda start: self._after(start, _ASSERTIONS[atom])
        if atom in "*+?" or (atom[0] == "{" and len(atom) > 1):
            raise ValueError(f"nothing for {atom!r} to repeat")
        if len(atom) == 2 and atom[1].isalnum() and atom[1] not in "dDwWsStnr":
            raise ValueError(f"{atom} is not supported")
        if atom in ("\\", "["):
            raise ValueError(f"{atom!r} is not closed")
        test = _character(atom if len(atom) > 1 or atom == "." else re.escape(atom), self._flags)
        return lambda start: self._after(start, test)

    def _group(self, depth: int) -> Build:
        if self._peek() == "?":
            raise ValueError("groups are (...) or (?:...), flags (?i) and (?s) stand at the start; no others")
        if depth > DEPTH:
            raise ValueError(f"groups nest deeper than {DEPTH}")
        build = self._either(depth)
        if self._peek() != ")":
            raise ValueError("a '(' without its ')'")
        self._next += 1
        return build

    def _repeated(self, one: Build) -> Build:
        atom = self._peek()
        if not (atom in ("*", "+", "?") or (atom.startswith("{") and len(atom) > 1)):
            return one
        self._next += 1
        if self._peek() == "?":  # lazy: the same answer
            self._next += 1
        if atom[0] == "{":
            low, comma, high = atom[1:-1].partition(",")
            least, most = int(low), int(high) if high else None if comma else int(low)
        else:
            least, most = int(atom == "+"), 1 if atom == "?" else None

        def build(start: int) -> int:
            for _ in range(least):
                start = one(start)
            if most is None:
                loop = self._after(start)
                self._edges[one(loop)].append((None, loop))
                return loop
            end = self._after(start)
            for _ in range(most - least):
                start = one(start)
                self._edges[start].append((None, end))
            return end

        return build

    def _state(self) -> int:
        if len(self._edges) >= STATES:
            raise ValueError(f"the pattern is too large (more than {STATES} states): repeat less")
        self._edges.append([])
        return len(self._edges) - 1

    def _after(self, start: int, test: Callable[[str], bool] | str | None = None) -> int:
        state = self._state()
        self._edges[start].append((test, state))
        return state

    # matching

    def search(self, text: str) -> bool:
        """Whether the pattern matches somewhere in the text; `^` and `$` stand for its start and end."""
        return self._run(text, set(), _holds)[1]

    def search_around(self, parts: Sequence[str]) -> bool | None:
        """As `search`, in a text of which only these parts are known, with any text between one and the next. None
        where that decides."""
        last = len(parts) - 1
        if any(self._surely(part, number == 0, number == last) for number, part in enumerate(parts)):
            return True
        return None if self._perhaps(parts) else False

    def _surely(self, part: str, first: bool, last: bool) -> bool:
        """Whether it matches inside a part, whatever stands around it."""

        def holds(assertion: str | None, text: str, at: int) -> bool:
            if assertion is None or (0 < at < len(text)):
                return _holds(assertion, text, at)
            inner = (first or at > 0) and (last or at < len(text))
            known = {"begin": first and at == 0, "end": last and at == len(text)}
            return known.get(assertion, inner and _holds(assertion, text, at))

        return self._run(part, {0}, holds)[1]

    def _perhaps(self, parts: Sequence[str]) -> bool:
        """Whether it matches some text with these parts: what stands between them may be anything."""
        alive = {0}
        for number, part in enumerate(parts):
            before, behind = parts[:number], parts[number + 1 :]

            def holds(
                assertion: str | None,
                text: str,
                at: int,
                before: Sequence[str] = before,
                behind: Sequence[str] = behind,
            ) -> bool:
                if (at == 0 and before) or (at == len(text) and behind):
                    possible = {"begin": at == 0 and not any(before), "end": at == len(text) and not any(behind)}
                    return possible.get(assertion or "", True)
                return _holds(assertion, text, at)

            alive, found = self._run(part, alive, holds)
            if found:
                return True
            if behind:
                alive = self._anywhere(alive, begin=not any((*before, part)), end=not any(behind))
        return self._last in alive

    def _anywhere(self, states: set[int], *, begin: bool, end: bool) -> set[int]:
        """The states that any text may lead to."""
        found = {0, *states}
        waiting = list(found)
        while waiting:
            for test, target in self._edges[waiting.pop()]:
                if target not in found and (begin or test != "begin") and (end or test != "end"):
                    found.add(target)
                    waiting.append(target)
        return found

    def _run(self, text: str, alive: set[int], holds: Holds) -> tuple[set[int], bool]:
        """The states that are alive behind a text, and whether it matched on the way there."""
        for at in range(len(text) + 1):
            alive = self._spread({0, *alive}, text, at, holds)
            if self._last in alive:
                return alive, True
            if at < len(text):
                alive = self._moved(alive, text[at])
        return alive, False

    def _moved(self, states: set[int], character: str) -> set[int]:
        edges = (edge for state in states for edge in self._edges[state])
        return {target for test, target in edges if callable(test) and test(character)}

    def _spread(self, states: set[int], text: str, at: int, holds: Holds) -> set[int]:
        waiting = list(states)
        while waiting:
            for test, target in self._edges[waiting.pop()]:
                if target not in states and not callable(test) and holds(test, text, at):
                    states.add(target)
                    waiting.append(target)
        return states


def _holds(assertion: str | None, text: str, at: int) -> bool:
    if assertion is None:
        return True
    if assertion == "begin":
        return at == 0
    if assertion == "end":
        return at == len(text)
    edge = _word(text[at - 1 : at] if at else "") != _word(text[at : at + 1])
    return edge == (assertion == "edge")


def _word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _character(atom: str, flags: int) -> Callable[[str], bool]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            match = re.compile(atom, flags).match
    except re.error as error:
        raise ValueError(f"{atom}: {error}") from None
    return lru_cache(maxsize=256)(lambda character: match(character) is not None)
