"""What collects logs, metrics and traces and passes them on: its parts, and how they are joined.

Every tool says the same few things in its own words: what comes in, what is done to it, where it goes. A `Component` is
one such part, under the name by which others mean it.
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, NamedTuple

from gatekeeper.models import Subject
from gatekeeper.models.trial import for_trial
from gatekeeper.node import Node, Span, regex

_FILLED_IN = regex(r"\$\{|\$\(|\{\{|#\{|\$[A-Z_]")


class Component(NamedTuple):
    """One part of a collector. `at` is its name as written, `values` what it is set to, by lower-case key.

    `inputs` are what it names as its sources; `parts` what is written inside it; `within` the group that it stands in.
    """

    kind: str
    id: str
    type: str
    at: Node
    values: dict[str, list[Node]]
    inputs: tuple[Node, ...] = ()
    parts: tuple[Component, ...] = ()
    within: str = ""

    def get(self, *keys: str) -> Node | None:
        """What it is set to under the first of the keys that is written."""
        return next((self.values[key][-1] for key in keys if key in self.values), None)


class Home(NamedTuple):
    """Where a configuration stands. `group` is shared by those that are loaded together: a folder, or a ConfigMap.

    `merged` says why others may add to it, in words; '' where it is the whole.
    """

    group: str
    merged: str = ""


class Collector(Subject):
    """The configuration of one collector, or of a part of it."""

    technology = "telemetry"
    example_path = "collector/config.yaml"
    tool: ClassVar[str] = ""
    takes: ClassVar[frozenset[str]] = frozenset()  # kinds of components that bring something in
    sends: ClassVar[frozenset[str]] = frozenset()  # and that pass it on
    local: ClassVar[frozenset[str]] = frozenset()  # types of those that pass it to nobody

    def __init__(self, node: Node, components: list[Component], home: Home) -> None:
        super().__init__(node)
        self.components = components
        self.home = home

    @property
    def name(self) -> str:
        inside = self.home.group.partition("#")[2]
        return f"{self.path}#{inside}" if inside else self.path

    @property
    def span(self) -> Span:
        return self.components[0].at.span if self.components else self.node.mark

    @cached_property
    def by_kind(self) -> dict[str, dict[str, Component]]:
        table: dict[str, dict[str, Component]] = {}
        for each in self.components:
            table.setdefault(each.kind, {}).setdefault(each.id, each)
        return table

    @property
    def sources(self) -> list[Component]:
        return [each for each in self.components if each.kind in self.takes]

    @property
    def outputs(self) -> list[Component]:
        """Those of its parts that pass something on, with what is written inside them."""
        return [each for each in self.components if each.kind in self.sends]

    @property
    def remote(self) -> list[Component]:
        """Its outputs that go somewhere else than to its own console or the machine that it runs on."""
        return [each for each in self.outputs if each.type and each.type not in self.local]

    @property
    def logs(self) -> bool:
        """Whether it collects logs."""
        return True

    @cached_property
    def trial(self) -> bool:
        """Whether its file says of itself that it is for a demonstration, a test or a developer's machine."""
        return for_trial(self.path)


def filled_in(text: str) -> bool:
    """Whether something is put into a text when it is started."""
    return _FILLED_IN.search(text) is not None


def items(node: Node) -> list[Node]:
    """What a list holds, or a single value instead of one; nothing of what is absent."""
    if node.is_list:
        return [each for each in node if each.present]
    return [node] if node.present and not node.is_mapping else []


def values_of(node: Node) -> dict[str, list[Node]]:
    """The settings of a mapping, by lower-case key."""
    return {key.lower(): [value] for key, value in node.items()} if node.is_mapping else {}
