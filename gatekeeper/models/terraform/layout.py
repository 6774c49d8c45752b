"""Where text may be put into a file of configuration."""

from __future__ import annotations

from gatekeeper.node import Node, Source, Span

_FILES = (".tf", ".tofu")


def room(source: Source, block: Span) -> tuple[Span, str] | None:
    """The place behind the first line of a block, where a new line of it may start, and what such a line starts with.

    None where the block stands in one line, or in JSON. The new text starts with a line break.
    """
    if not source.path.endswith(_FILES) or block.line == block.end_line:
        return None
    first = source.line(block.line)
    if "{" not in first[block.column - 1 :]:
        return None
    indentation = first[: len(first) - len(first.lstrip())]
    end = len(first) + 1
    return Span(block.line, end, block.line, end), f"{indentation}  "


def literal(node: Node, *texts: str) -> bool:
    """Whether a value is written where it stands, as one of these texts: not a reference that comes to it."""
    return node.source.exact and node.source.slice(node.span) in texts
