"""Which action and which command does what, and how each scanner fails: tables, read from the data files beside.

A file has a `version` and any of these sections; the same section in several files is one table:

    commands:   by kind, one row a line: a program and the words that must follow it, flags aside
    actions:    by kind, one row a line: the beginning of an action's owner/repository/path (`jenkins/STEP` for a
                plugin step); the kind `nothing` for those that neither judge nor change anything here
    scripts:    an action and the input that holds a script which it runs
    programs:   an action, a program and the input that holds the program's arguments
    words:      lists of words that have a part in telling what a command does
    scanners:   a row a scanner: see `scanners.py`

A row that is malformed, or written twice, is an error with its file and line.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

_HERE = Path(__file__).parent
VERSION = "1"
NOTHING = "nothing"
KINDS = frozenset(
    "build lint typecheck test e2e coverage sast sca secretscan iacscan imagescan dast scan analysis sbom sign image "
    "imagepush publish plan deploy prod-mutation migrate verify validate smoke perf rollback approval notify wait "
    "ephemeral gitpush trigger".split()
)


class Invalid(Exception):
    """A table that cannot be used: `file:line: what is wrong`."""


class Row(NamedTuple):
    """One row: its words, what it stands under, and where it is written."""

    words: tuple[str, ...]
    under: str
    place: str


class Tables(NamedTuple):
    """Every table, the rows most wanted words first."""

    commands: dict[str, list[tuple[tuple[str, ...], str]]]
    actions: dict[str, list[tuple[str, str]]]
    scripts: dict[str, str]
    programs: dict[str, tuple[str, str]]
    words: dict[str, dict[str, str]]


@lru_cache(maxsize=1)
def load() -> Tables:
    """The tables, read once."""
    return made(rows("commands", "actions", "scripts", "programs", "words"))


def rows(*sections: str) -> list[tuple[str, Row]]:
    """The rows of all files, each with its section."""
    texts = [(path.name, path.read_text("utf-8")) for path in sorted(_HERE.glob("*.yaml"))]
    wanted = [(name, text) for name, text in texts if any(f"\n{section}:" in text for section in sections)]
    return [row for name, text in wanted for row in read(name, text)]


def read(name: str, text: str) -> Iterator[tuple[str, Row]]:
    """The rows of one file, each with its section."""
    import yaml

    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    top = yaml.compose(text, loader)
    seen: dict[str, int] = {}
    for key, value in top.value if isinstance(top, yaml.MappingNode) else ():
        line = key.start_mark.line + 1
        if key.value in seen:
            raise Invalid(f"{name}:{line}: {key.value} stands here and on line {seen[key.value]}")
        seen[key.value] = line
        if key.value == "version" and value.value != VERSION:
            raise Invalid(f"{name}:{line}: version {value.value} of the tables is not known")
        if key.value in ("scripts", "programs"):
            yield from _lines(name, key.value, key.value, value)
        elif key.value in ("commands", "actions", "words"):
            yield from _section(name, key.value, value)
        elif key.value not in ("version", "scanners"):
            raise Invalid(f"{name}:{line}: no section {key.value}")
    if "version" not in seen:
        raise Invalid(f"{name}:1: a version is needed")


def _section(name: str, section: str, node: Any) -> Iterator[tuple[str, Row]]:
    seen: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.value in seen:
            raise Invalid(f"{name}:{line}: {key.value} stands here and on line {seen[key.value]}")
        seen[key.value] = line
        if section != "words" and key.value not in KINDS | {NOTHING}:
            raise Invalid(f"{name}:{line}: no kind {key.value}")
        yield from _lines(name, section, key.value, value)


_WIDTHS = {"actions": (1, 1), "scripts": (2, 2), "programs": (3, 3), "commands": (1, 9), "words": (1, 99)}


def _lines(name: str, section: str, under: str, node: Any) -> Iterator[tuple[str, Row]]:
    if not isinstance(node.value, str) or node.style != "|":
        raise Invalid(f"{name}:{node.start_mark.line + 1}: {under} is to be a block of lines (|)")
    least, most = _WIDTHS[section]
    for number, text in enumerate(node.value.splitlines(), node.start_mark.line + 2):
        words = tuple(text.split())
        if not least <= len(words) <= most:
            raise Invalid(f"{name}:{number}: {text!r} is no row of {section}")
        yield section, Row(words, under, f"{name}:{number}")


def made(found: list[tuple[str, Row]]) -> Tables:
    """The tables out of rows."""
    tables = Tables({}, {}, {}, {}, {})
    known: dict[tuple[str, ...], str] = {}
    for section, row in found:
        if section == "words":
            _add_words(tables, row)
            continue
        first = row.words[0]
        key = (section, *row.words) if section == "commands" else (section, first)
        if key in known:
            raise Invalid(f"{row.place}: {' '.join(row.words)} stands here and at {known[key]}")
        known[key] = row.place
        if section == "commands":
            tables.commands.setdefault(first, []).append((row.words[1:], row.under))
        elif section == "actions":
            kind = "" if row.under == NOTHING else row.under
            tables.actions.setdefault(first.partition("/")[0], []).append((first, kind))
        elif section == "scripts":
            tables.scripts[first] = row.words[1]
        else:
            tables.programs[first] = (row.words[1], row.words[2])
    for commands in tables.commands.values():
        commands.sort(key=lambda each: -len(each[0]))
    for actions in tables.actions.values():
        actions.sort(key=lambda each: -len(each[0]))
    return tables


_BY_LINE = frozenset({"runners", "remote-deploys"})  # whose rows are several words


def _add_words(tables: Tables, row: Row) -> None:
    words = (" ".join(row.words),) if row.under in _BY_LINE else row.words
    held = tables.words.setdefault(row.under, {})
    for word in words:
        if word in held:
            raise Invalid(f"{row.place}: {word} stands here and at {held[word]}")
        held[word] = row.place


def mappings(section: str) -> Iterator[tuple[str, str, str]]:
    """The rows of a section that are mappings, unread: the place, the first line, and the text of each."""
    for path in sorted(_HERE.glob("*.yaml")):
        lines = path.read_text("utf-8").splitlines()
        if f"{section}:" not in lines:
            continue
        first = lines.index(f"{section}:") + 1
        end = next((n for n in range(first, len(lines)) if lines[n][:1] not in ("", " ", "#")), len(lines))
        starts = [n for n in range(first, end) if lines[n].startswith("  - ")]
        for start, stop in pairwise([*starts, end]):
            yield f"{path.name}:{start + 1}", lines[start][4:], "\n".join(lines[start:stop])


def mapping(place: str, text: str) -> Any:
    """One of those rows, read; all scalars as text."""
    import yaml

    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    rows_: Any = yaml.compose(text, loader)
    return _plain(rows_.value[0], place)


def _plain(node: Any, name: str) -> Any:
    if node.id == "scalar":
        return node.value
    if node.id == "sequence":
        return [_plain(each, name) for each in node.value]
    made: dict[str, Any] = {}
    for key, value in node.value:
        if key.value in made:
            raise Invalid(f"{name}: {key.value} stands here twice")
        made[key.value] = _plain(value, name)
    return made


@lru_cache
def words(name: str) -> frozenset[str]:
    """One of the lists of words."""
    return frozenset(load().words[name])
