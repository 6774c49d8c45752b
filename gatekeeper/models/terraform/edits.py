"""New text for Terraform's files."""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.node import Source, Span
from gatekeeper.parsers import hcl


class Insertion(NamedTuple):
    """Text, and the empty span where it goes."""

    source: Source
    span: Span
    text: str


def attribute_added(block: hcl.Block, line: str) -> Insertion | None:
    """A line at the end of a block's attributes, apart from them so that what is aligned stays so.

    None for a block that stands on one line, or in JSON.
    """
    last = max((each.expr.end for each in block.body.attributes.values()), default=0)
    home, source = block.home, block.home.source
    text = source.text
    if home.fixed or not last or source.span(block.start, last).line == source.span(block.start, block.end).end_line:
        return None
    begin = text.rfind("\n", 0, last) + 1
    end = text.find("\n", last)
    first = min(each.start for each in block.body.attributes.values())
    indent = text[text.rfind("\n", 0, first) + 1 : first]
    if end < 0 or begin < block.start or indent.strip() or end > block.end:
        return None
    return Insertion(source, source.span(end, end), f"\n\n{indent}{line}")
