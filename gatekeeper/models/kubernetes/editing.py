"""Setting a field in a manifest as it is written: which characters change, or None where that is not certain.

Written in block style, a new key goes on a line of its own behind one that stands on a single line; written in braces,
in front of the first key. What counts is the file: an object that a kustomization built may lack what its base has.
Files with anchors, aliases, merge keys or template marks are left alone: a change there may reach further than it
seems.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from gatekeeper.node import Node, Source, Span, regex
from gatekeeper.parsers import yaml

_SHARED = regex(r"(?:^|[\s\[{,:-])[&*][A-Za-z0-9_.-]|<<[ ]*:|\{\{|\{%|%\{|^[ ]*\t", re.MULTILINE)
_PLAIN = regex(r"[A-Za-z0-9_.-]+\Z")


class Change(NamedTuple):
    """New text for the characters at `span`; an empty span inserts."""

    source: Source
    span: Span
    text: str


def setting(mapping: Node, path: Sequence[str], text: str) -> Change | None:
    """What sets the field below `mapping` to `text`: its value changed, or the keys that are missing written."""
    source = mapping.source
    found = source.once(_mappings).get(mapping.span) if mapping.is_mapping and source.once(_editable) else None
    return _set(found, path, text) if found is not None else None


def _set(mapping: Node, path: Sequence[str], text: str) -> Change | None:
    first, *rest = path
    child = mapping[first]
    if first not in mapping:
        return _inserted(mapping, path, text)
    if rest:
        return _set(child, rest, text) if child.is_mapping else None
    return _replaced(child, text)


def _mappings(source: Source) -> dict[Span, Node]:
    """Every mapping of a file as it is written, by its place."""
    return {
        node.span: node for document in source.once(yaml.parse).nodes for node in document.walk() if node.is_mapping
    }


def _editable(source: Source) -> bool:
    return not source.path.endswith(".json") and _SHARED.search(source.text) is None


def _replaced(value: Node, text: str) -> Change | None:
    span = value.span
    written = value.source.slice(span)
    if value.tag or not _PLAIN.match(written) or written == text:
        return None
    return Change(value.source, span, text)


def _inserted(mapping: Node, path: Sequence[str], text: str) -> Change | None:
    source, span = mapping.source, mapping.span
    if source.line(span.line)[span.column - 1 : span.column] == "{":
        return _in_braces(mapping, path, text)
    behind = _line_of_its_own(mapping)
    if behind is None or behind.key is None:
        return None
    indent = " " * (behind.key.column - 1)
    lines = [f"{indent}{'  ' * depth}{key}:" for depth, key in enumerate(path)]
    lines[-1] += f" {text}"
    end = len(source.line(behind.span.line)) + 1
    at = Span(behind.span.line, end, behind.span.line, end)
    ending = "\r\n" if "\r\n" in source.text else "\n"
    return Change(source, at, "".join(ending + line for line in lines))


def _line_of_its_own(mapping: Node) -> Node | None:
    """The last entry of a block mapping that stands with its key on a single line, and nothing below it."""
    found = None
    for key, value in mapping.items():
        place = value.key
        if place is None or place.column != mapping.span.column or value.source.slice(place) != key:
            return None  # a key that is not written as usual
        if _on_one_line(value, place):
            found = value
    return found


def _on_one_line(value: Node, key: Span) -> bool:
    flat = not (value.is_mapping or value.is_list) or value.source.slice(value.span)[:1] in ("{", "[")
    return flat and value.present and value.span.line == value.span.end_line == key.line


def _in_braces(mapping: Node, path: Sequence[str], text: str) -> Change | None:
    source, span = mapping.source, mapping.span
    if span.line != span.end_line:
        return None
    *outer, last = path
    new = "".join(f"{key}: {{" for key in outer) + f"{last}: {text}" + "}" * len(outer)
    begin = span.column + 1
    at = Span(span.line, begin, span.line, begin)
    return Change(source, at, f"{new}, " if len(mapping) else new)
