"""What can be told of a JSON artifact from its text alone: its outermost keys, and on which lines its records stand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, repeat

from gatekeeper.models.evidence.artifact import Artifact, line_breaks

SHOWN = 200  # so many records get the line on which they stand: more are never printed

_PIECE = re.compile(rb'[{}\[\]:,]|"(?:[^"\\]|\\.)*+"|"|[^\s{}\[\]:,"]+', re.DOTALL)


def keys(head: bytes) -> dict[str, str]:
    """The keys of the outermost object, or of the first object in the outermost list, as far as `head` goes.

    With each stands its value: a scalar as written, `{` or `[`, or nothing where the head ends. A string loses its
    quotes. Nothing at all for what is not JSON; never raises.
    """
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    level = 2 if text.startswith(b"[") else 1
    found: dict[str, str] = {}
    if not text.startswith((b"{", b"[")):
        return found
    depth, key, before = 0, "", ""
    for match in _PIECE.finditer(text):
        piece = match.group().decode("utf-8", "replace")
        if piece == '"' or (found and depth < level):
            break
        if depth == level and piece == ":":
            key = before
            found[key] = ""
        elif depth == level and key and piece != ",":
            found[key], key = piece.strip('"'), ""
        depth += (piece in "{[") - (piece in "}]")
        before = piece.strip('"')
    return found


def lines(artifact: Artifact, names: Sequence[str], values: Iterable[str]) -> Iterator[int]:
    """For each of the values, in the order of the file, the line of the record that has it under one of `names`.

    The second of two equal values gets the line of the second such record. One pass. Endless: 1 where there is no such
    record, and from the 201st value on.
    """
    wanted = list(islice(values, SHOWN))
    asked = Counter(wanted)
    found: dict[str, list[int]] = {value: [] for value in asked}
    alternatives = b"|".join(re.escape(name).encode() for name in names)
    record = re.compile(rb'(?<!\\)"(?:%b)"\s*+:\s*+"([^"\\]{1,300})"' % alternatives)
    line, at, left = 1, 0, len(wanted)
    for match in record.finditer(artifact.data) if wanted else ():
        value = match.group(1).decode("utf-8", "replace")
        rows = found.get(value)
        if rows is None or len(rows) == asked[value]:
            continue
        line, at, left = line + line_breaks(artifact.data, at, match.start()), match.start(), left - 1
        rows.append(line)
        if not left:
            break
    places = {value: chain(rows, repeat(1)) for value, rows in found.items()}
    return chain([next(places[value]) for value in wanted], repeat(1))
