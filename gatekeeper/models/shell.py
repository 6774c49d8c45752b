"""Shell scripts to the simple commands in them: enough to see which program runs with which words. Nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.node import regex

_TOKEN = regex(
    r"""(?P<blank>(?:[ \t\r\f\v]|\\\r?\n)+)
    |(?P<comment>\#[^\n]*)
    |(?P<redirect>&>>?|[0-9]*[<>]+&?)
    |(?P<break>&&|\|\||\|&|[;&|\n()])
    |(?P<piece>"(?:[^"\\]|\\.)*"?|'[^']*'?|\\.?|[^\s"'\\;&|()<>]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS = frozenset(
    {
        "{", "}", "!", "if", "then", "elif", "else", "fi", "while", "until", "do", "done", "time", "exec", "sudo",
        "command", "nohup",
    }
)  # fmt: skip
_ASSIGNMENT = regex(r"[A-Za-z_]\w*=")
_ESCAPED = regex(r"\\(.)", re.DOTALL)


class Command(NamedTuple):
    """One simple command. `words` are without quotes, redirections and the assignments before it, which are `env`.

    `start` and `end` are its place in the script.
    """

    words: tuple[str, ...]
    env: tuple[str, ...]
    start: int
    end: int

    @property
    def program(self) -> str:
        """Its first word without the folder."""
        return self.words[0].rpartition("/")[2] if self.words else ""


def commands(script: str) -> Iterator[Command]:
    """The simple commands of a script, in order, also those inside `$( )`; not those inside quoted strings."""
    words: list[str] = []
    env: list[str] = []
    start = end = 0
    glued = False  # the next piece continues the last word
    target = False  # the next word is where a redirection leads
    for match in _TOKEN.finditer(script):
        kind, text = match.lastgroup, match[0]
        if kind == "piece" or (kind == "comment" and glued):
            if target:
                glued = True
                continue
            if glued:
                words[-1] += _bare(text)
            else:
                if not words:
                    start = match.start()
                words.append(_bare(text))
            end = match.end()
            glued = True
            continue
        if kind == "redirect":
            target = True
        elif kind == "break":
            yield from _command(words, env, start, end)
            words, env, target = [], [], False
        else:
            target = target and not glued
            _strip(words, env)
        glued = False
    yield from _command(words, env, start, end)


def _strip(words: list[str], env: list[str]) -> None:
    """Take keywords and assignments off the front, so that `start` stays where the program is named."""
    while len(words) == 1 and (words[0] in _KEYWORDS or _ASSIGNMENT.match(words[0])):
        word = words.pop()
        if "=" in word:
            env.append(word)


def _command(words: list[str], env: list[str], start: int, end: int) -> Iterator[Command]:
    _strip(words, env)
    if words or env:
        yield Command(tuple(words), tuple(env), start, end)


def _bare(piece: str) -> str:
    if piece[0] == "'":
        return piece[1:].removesuffix("'")
    if piece[0] == '"':
        inner = piece[1:]
        return _ESCAPED.sub(r"\1", inner.removesuffix('"')) if inner else ""
    return piece[1:] if piece[0] == "\\" else piece
