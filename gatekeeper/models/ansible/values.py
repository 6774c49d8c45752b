"""Values that Jinja makes when a play runs, and the older way of writing arguments: `dest=/etc/x mode=0644`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.node import Expression, Node, Source, Span, regex

LONGEST = 100_000  # characters of a text whose expressions are looked for
REASON = "is known only when the play runs"
_YES = frozenset({"yes", "on", "true", "1", "y", "t"})
_NO = frozenset({"no", "off", "false", "0", "n", "f"})
_NAME = regex(r"[A-Za-z_]\w{0,100}")
_STRING = regex(r"'[^'\n]{0,400}'|\"[^\"\n]{0,400}\"")
_JINJA = regex(r"\{\{(.{0,800}?)\}\}", re.DOTALL)
_KEY = regex(r"[A-Za-z_][\w-]{0,60}=")


def templated(text: str) -> bool:
    return "{{" in text or "{%" in text


def marked(source: Source) -> bool:
    """Whether a file holds anything of Jinja."""
    return "{{" in source.text or "{%" in source.text


def filled(node: Node) -> Node:
    """The same, with an `Expression` for each text that Jinja is put into."""
    return _filled(node, {}) if node.source.once(marked) else node


def _filled(node: Node, done: dict[int, Node]) -> Node:
    if id(node) in done:
        return done[id(node)]
    value = node._value
    made: object = value
    if isinstance(value, str):
        if not templated(value) or node.tag.endswith("unsafe"):
            return node
        made = Expression(" ".join(value.split())[:120], REASON)
    elif isinstance(value, dict):
        made = {key: _filled(child, done) for key, child in value.items()}
    elif isinstance(value, list):
        made = [_filled(child, done) for child in value]
    else:
        return node
    done[id(node)] = again = Node(made, node.source, node.span, node.key, node.tag)
    return again


def names_in(text: str) -> Iterator[str]:
    """The names that the Jinja expressions of a text read, roughly: strings and filters' own names left aside."""
    for found in _JINJA.finditer(text) if len(text) <= LONGEST else ():
        yield from names_of(found[1])


def names_of(expression: str) -> Iterator[str]:
    """The names in a bare expression, as after `when:` or `var:`."""
    bare = _STRING.sub(" ", expression)
    for name in _NAME.finditer(bare):
        before = bare[: name.start()].rstrip()[-1:]
        if before != "|" and not bare[name.end() :].lstrip().startswith(("(", "=")):
            yield name[0]


def truth(node: Node) -> bool | None:
    """What Ansible takes a value for where it wants a boolean; None for anything else. Raises `Unresolved`."""
    value = node.value
    if isinstance(value, bool):
        return value
    word = node.text.strip().lower()
    return True if word in _YES else False if word in _NO else None


class Pairs(NamedTuple):
    """`key=value` words of a text by their key, and what else stands there."""

    values: dict[str, str]
    rest: str


def pairs(text: str, only: frozenset[str] | None = None) -> Pairs:
    """A text as Ansible splits it: at blanks outside of quotes and `{{ }}`. With `only`, other keys stay words."""
    values: dict[str, str] = {}
    rest: list[str] = []
    for word in _words(text):
        key = _KEY.match(word)
        name = key[0][:-1] if key else ""
        if key and (only is None or name in only):
            value = word[key.end() :]
            quoted = len(value) > 1 and value[0] in "'\"" and value[-1] == value[0]
            values[name] = value[1:-1] if quoted else value
        else:
            rest.append(word)
    return Pairs(values, " ".join(rest) if values else text)


def _words(text: str) -> Iterator[str]:
    word: list[str] = []
    quote, depth, at = "", 0, 0
    while at < len(text):
        two, one = text[at : at + 2], text[at]
        if two in ("{{", "{%"):
            depth += 1
            word.append(two)
            at += 2
            continue
        if depth and two in ("}}", "%}"):
            depth -= 1
            word.append(two)
            at += 2
            continue
        if not depth:
            if quote:
                quote = "" if one == quote and text[at - 1] != "\\" else quote
            elif one in "'\"":
                quote = one
            elif one in " \t\r\n":
                if word:
                    yield "".join(word)
                word = []
                at += 1
                continue
        word.append(one)
        at += 1
    if word:
        yield "".join(word)


def scalar(text: str, near: Node, span: Span | None = None) -> Node:
    """A text as a node that stands where another one does."""
    value: object = Expression(" ".join(text.split())[:120], REASON) if templated(text) else text
    return Node(value, near.source, span or near.span, near.key)
