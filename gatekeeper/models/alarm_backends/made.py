"""An alarm that a resource makes: what every backend has in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.models import Subject
from gatekeeper.models.alarms import RUNBOOK, Alarm, Bound, Signal
from gatekeeper.models.promql_meaning import Meaning, limits, meaning
from gatekeeper.node import Node, Source, Span, regex

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource

_NOT_A_NAME = regex(r"[^A-Za-z0-9_]+")
_FILLED_IN = regex(r"\$\{[^{}]{0,500}\}")
_NESTED = 4  # templates within templates
# How it is switched off: it is not evaluated, or nothing is done when it goes off.
_OFF = {"enabled": "false", "actions_enabled": "false", "is_paused": "true", "draft_status": "draft"}


class Spelled(NamedTuple):
    """A condition as PromQL. Not `certain` where its limit is filled in later: then 1 stands for it."""

    text: str
    certain: bool = True
    held: float | None = None


class MadeAlarm(Alarm):
    """An alarm that Terraform or CloudFormation makes."""

    technology = "terraform"
    example_path = "main.tf"
    titles: tuple[str, ...] = ("name", "display_name")
    summaries: tuple[str, ...] = ("description",)
    severities: tuple[str, ...] = ("severity",)

    def __init__(self, resource: Resource) -> None:
        self.resource = resource

    @property
    def node(self) -> Node:  # type: ignore[override]  # made when first asked for, as that of the resource
        return self.resource.node

    @property
    def name(self) -> str:
        return self.resource.name

    @property
    def path(self) -> str:
        return self.resource.path

    @property
    def span(self) -> Span:
        return self.resource.span

    @property
    def there(self) -> bool:
        return self.resource.there and not self.resource.module.shown

    @property
    def seen_as(self) -> str:
        return self.resource.seen_as

    def alternatives(self) -> Sequence[Subject]:
        from gatekeeper.models.terraform import Resource

        return [type(self)(each) for each in self.resource.alternatives() if isinstance(each, Resource)]

    def origins(self, source: Source, span: Span) -> Sequence[tuple[Node, str]]:
        return self.resource.origins(source, span)

    @property
    def spelled(self) -> Spelled | None:
        """What it compares, as PromQL; None where that cannot be told."""
        return None

    def said(self, path: str) -> str:
        """An attribute's text; as it is written, with what is filled in later in its template."""
        node = self.node.at(path)
        expr = self.resource.expr(path) if node.expression else None
        return expr.text if expr is not None else written(node)

    @property
    def title(self) -> str:
        said = next((text for name in self.titles if (text := self.said(name))), "")
        return without_templates(said).strip().strip('"').strip() or self.name

    @cached_property
    def _meaning(self) -> Meaning:
        return meaning(self.spelled.text, self.title) if self.spelled else Meaning()

    @property
    def signal(self) -> Signal | None:
        return self._meaning.signal

    @cached_property
    def bounds(self) -> tuple[Bound, ...]:
        if not self.spelled or not self.spelled.certain:
            return ()
        at, held = self.condition, self.spelled.held
        return tuple(Bound(*each, held, at) for each in limits(self.spelled.text))

    @property
    def condition(self) -> Node:
        """Where the condition is written."""
        return self.node

    @property
    def services(self) -> frozenset[str]:
        return self._meaning.services

    @property
    def spared(self) -> frozenset[str]:
        return self._meaning.spared

    @property
    def places(self) -> frozenset[str]:
        return self._meaning.places

    @property
    def paused(self) -> bool:
        return any(self.node[name].known and written(self.node[name]).lower() == off for name, off in _OFF.items())

    @property
    def severity(self) -> Node | None:
        return next((self.node[name] for name in self.severities if self.node[name].present), None)

    @property
    def summary(self) -> Node | None:
        return next((self.node[name] for name in self.summaries if self.node[name].present), None)

    @property
    def runbook(self) -> Node | None:
        said = self.summary
        return said if said is not None and RUNBOOK.search(written(said)) else None


def alarms(resource: Resource) -> Iterator[MadeAlarm]:
    yield MadeAlarm(resource)


def written(node: Node) -> str:
    """A scalar's text; as it is written where it is filled in later."""
    return node.expression.text if node.expression else node.text


def without_templates(text: str) -> str:
    for _ in range(_NESTED):
        text = _FILLED_IN.sub("", text)
    return text


def spelled(name: str) -> str:
    """A name of any backend as that of a metric."""
    bare = _NOT_A_NAME.sub("_", name).strip("_")
    return f"_{bare}" if bare[:1].isdigit() else bare


def number(node: Node) -> float | None:
    """A number that is known."""
    found = node.number if node.known else None
    return float(found) if found is not None else None


def quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'
