"""Fluentd: sources, and what matches their tags, in the order in which they are written; labels are routes apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.models.embedded import Text, lines_of
from gatekeeper.models.telemetry.collector import Collector, Component, Home
from gatekeeper.node import Fault, Node, regex

SIGNATURE = regex(r"^[ \t]{0,40}<(?:source|match|filter|label)(?:[ \t][^>\n]{0,500})?>[ \t\r]*(?:#.*)?$", re.MULTILINE)
_OPEN = regex(r"<([a-z_]{1,40})(?:[ \t]+([^>\n]{0,500}))?>[ \t]*(?:#.*)?\Z")
_CLOSE = regex(r"</([a-z_]{1,40})>[ \t]*(?:#.*)?\Z")
_LINE = regex(r"([^\s]{1,200})(?:[ \t]+(.*))?\Z")
DEPTH = 50


class FluentdConfig(Collector):
    """A configuration of Fluentd, or a file that another includes."""

    technology = "telemetry"
    example_path = "fluentd/fluent.conf"
    tool = "Fluentd"
    takes = frozenset({"source"})
    sends = frozenset({"match"})
    local = frozenset({"stdout", "null", "file", "relabel", "rewrite_tag_filter", "copy", "roundrobin", "flowcounter"})

    def __init__(self, node: Node, components: list[Component], home: Home, includes: list[Node]) -> None:
        super().__init__(node, components, home)
        self.includes = includes

    @property
    def outputs(self) -> list[Component]:
        """Where its matches send to: those inside a `copy` count each."""
        matches = [each for each in self.components if each.kind == "match"]
        return [each for match in matches for each in (match, *(p for p in match.parts if p.kind == "store"))]


class _Section:
    def __init__(self, kind: str, argument: str, at: Node) -> None:
        self.kind = kind
        self.argument = argument
        self.at = at
        self.values: dict[str, list[Node]] = {}
        self.parts: list[Component] = []

    def component(self, within: str) -> Component:
        kind = self.values.get("@type") or self.values.get("type") or []
        written = kind[-1].text if kind else ""
        return Component(self.kind, self.argument, written, self.at, self.values, (), tuple(self.parts), within)


def of_text(text: Text, home: Home) -> Iterator[Collector | Fault]:
    """The sections of a file, those of labels with the label that they stand in."""
    found: list[Component] = []
    includes: list[Node] = []
    stack: list[_Section] = []
    for number, raw in lines_of(text.text):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        begin = len(raw) - len(raw.lstrip()) + 1
        opened, closed = _OPEN.match(line), _CLOSE.match(line)
        if opened:
            at = text.node((opened[2] or "").strip() or opened[1], number, begin, begin + len(line))
            stack.append(_Section(opened[1], (opened[2] or "").strip(), at))
            if len(stack) > DEPTH:
                yield text.fault(number, f"nests deeper than {DEPTH} levels", "telemetry")
                return
        elif closed:
            if not stack or stack[-1].kind != closed[1]:
                inside = f"<{stack[-1].kind}> is open" if stack else "nothing is open"
                yield text.fault(number, f"</{closed[1]}> where {inside}", "telemetry")
                return
            _close(stack, found)
        else:
            _line(text, line, (number, begin), stack, includes)
    if stack:
        yield text.fault(stack[0].at.span.line, f"<{stack[0].kind}> is never closed", "telemetry")
    elif found or includes:
        yield FluentdConfig(text.node_of_line(None, 1), found, home, includes)


def _line(text: Text, line: str, place: tuple[int, int], stack: list[_Section], includes: list[Node]) -> None:
    """A setting, or a line that takes in another file."""
    pair = _LINE.match(line)
    if not pair:
        return
    key, value = pair[1], (pair[2] or "").strip()
    number, begin = place
    node = text.node(value, number, begin, begin + len(line))
    if key == "@include":
        includes.append(node)
    elif stack:
        stack[-1].values.setdefault(key.lower(), []).append(node)


def _close(stack: list[_Section], found: list[Component]) -> None:
    """A section ends: it belongs to the one around it, or is one of the file's, with its label."""
    section = stack.pop()
    around = [each for each in stack if each.kind not in ("label", "worker")]
    label = next((each.argument for each in stack if each.kind == "label"), "")
    made = section.component(label)
    if around:
        around[-1].parts.append(made)
    else:
        found.append(made)
