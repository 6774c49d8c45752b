"""Service level objectives, whoever keeps them: a table in a document, OpenSLO, Sloth, Pyrra, or Terraform.

Each writes the same few things in its own way: of which service, what is measured, and what it must come to. What a
writer leaves out is absent here, and never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from importlib import import_module

from gatekeeper.discover import Tree
from gatekeeper.models import Subject
from gatekeeper.models.slo.targets import Indicator
from gatekeeper.node import Expression, Fault, Node, Source, Span, regex
from gatekeeper.parsers import yaml

__all__ = ["AlertWindows", "Indicator", "Objective", "OpenSlo", "Pyrra", "Sloth", "SlothObjective", "filled", "read"]


class Objective(Subject):
    """What is promised of one indicator of one service. It stands where its target is written.

    `limit` is in the base unit: of availability the least ratio (0.999), of errors the greatest (0.001), of a latency
    the most seconds; None where the words give no number, or a template fills it in. `quantile` is of a latency (0.95),
    `window` in seconds. `form` says what it is written as. `alerted` is whether it makes its own alerts.
    """

    technology = "slo"
    example_path = "docs/slo.md"

    def __init__(
        self, node: Node, *, form: str, service: str, sli: str, indicator: Indicator, comparator: str = "",
        limit: float | None = None, quantile: float | None = None, window: float | None = None,
        alerted: bool = False, words: str = "", shown: str = "",
    ) -> None:  # fmt: skip
        super().__init__(node)
        self.form = form
        self.service = service
        self.sli = sli
        self.indicator = indicator
        self.comparator = comparator
        self.limit = limit
        self.quantile = quantile
        self.window = window
        self.alerted = alerted
        self.words = words
        self.shown = shown

    @property
    def name(self) -> str:
        return f"{self.path}:{self.called}"

    @property
    def called(self) -> str:
        """How people call it: `API Availability`."""
        said = self.sli if self.service and self.sli.lower().startswith(self.service.lower()) else ""
        return said or " ".join(filter(None, (self.service, self.sli))) or "(unnamed)"

    @property
    def promise(self) -> str:
        """What it promises, as written: `< 0.1%`."""
        return self.shown or (self.node.text if self.node.known else "")

    @property
    def span(self) -> Span:
        return self.node.mark


class _Named(Subject):
    """An object of a manifest of objectives."""

    technology = "slo"
    example_path = "slo/objectives.yaml"
    kept_as = ""

    @property
    def kind(self) -> str:
        return _written(self.node["kind"])

    @property
    def object_name(self) -> str:
        return _written(self.node["metadata"]["name"])

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.object_name or '(unnamed)'}"

    @property
    def spec(self) -> Node:
        return self.node["spec"]

    @property
    def span(self) -> Span:
        named = self.node["metadata"]["name"]
        return named.span if named.present else self.node["kind"].mark


class OpenSlo(_Named):
    """An object of OpenSLO: an SLO, an SLI, a Service, an AlertPolicy, ..."""

    @property
    def version(self) -> str:
        """`v1`, `v1alpha`, ..."""
        return _written(self.node["apiVersion"]).partition("/")[2]


class Pyrra(_Named):
    """A ServiceLevelObjective of Pyrra."""

    example_path = "slo/pyrra.yaml"

    @cached_property
    def indicators(self) -> list[tuple[str, Node]]:
        """The indicators it has, by what Pyrra calls them."""
        held = self.spec["indicator"]
        return [(key, held[key]) for key in PYRRA_INDICATORS if held[key].present]


PYRRA_INDICATORS = ("ratio", "latency", "latencyNative", "bool_gauge")


class Sloth(_Named):
    """A specification of Sloth: a service and its objectives, as a file of its own or as a Kubernetes object."""

    example_path = "slo/sloth.yaml"

    @property
    def custom(self) -> bool:
        """Whether it is a Kubernetes object, whose fields are in camel case."""
        return self.node["apiVersion"].present

    @property
    def spec(self) -> Node:
        return self.node["spec"] if self.custom else self.node

    @property
    def service(self) -> Node:
        return filled(self.spec["service"])

    @property
    def name(self) -> str:
        return f"{self.path}:{_written(self.spec['service']) or '(no service)'}"

    @property
    def span(self) -> Span:
        named = self.spec["service"]
        return named.span if named.present else self.node["kind" if self.custom else "version"].mark

    @cached_property
    def objectives(self) -> list[SlothObjective]:
        listed = self.spec["slos"]
        return [SlothObjective(node, self) for node in (listed if listed.is_list else ()) if node.is_mapping]


class SlothObjective(Subject):
    """One of the objectives of a service, with its alerts."""

    technology = "slo"
    example_path = "slo/sloth.yaml"

    def __init__(self, node: Node, of: Sloth) -> None:
        super().__init__(node)
        self.of = of

    @property
    def label(self) -> str:
        return _written(self.node["name"])

    @property
    def name(self) -> str:
        return f"{_written(self.of.spec['service']) or self.path}/{self.label or '(unnamed)'}"

    @property
    def span(self) -> Span:
        return self.node["name"].span if self.node["name"].present else self.node.span

    def field(self, parent: Node, name: str) -> Node:
        """A field by its name in a file of Sloth, or by that in a Kubernetes object."""
        own = parent[name]
        first, *rest = name.split("_")
        return own if own.present else parent[first + "".join(word.capitalize() for word in rest)]

    @property
    def alerting(self) -> Node:
        return self.node["alerting"]

    def alert(self, kind: str) -> Node:
        """The settings of one of the two alerts that are made of it: `page` or `ticket`."""
        return self.field(self.alerting, f"{kind}_alert")

    def disabled(self, kind: str) -> bool:
        """Whether that alert is switched off. Raises `Unresolved`."""
        return bool(filled(self.alert(kind)["disable"]) == True)  # noqa: E712 - a node is compared by value

    @property
    def queries(self) -> list[tuple[str, Node]]:
        """Its queries, by the names of their fields: of events, or of a raw ratio."""
        sli = self.node["sli"]
        wanted = (("events", "error_query"), ("events", "total_query"), ("raw", "error_ratio_query"))
        return [(name, self.field(sli[kind], name)) for kind, name in wanted if sli[kind].present]


class AlertWindows(_Named):
    """The windows over which Sloth alerts."""

    example_path = "slo/windows.yaml"

    @property
    def pairs(self) -> list[tuple[str, Node]]:
        """The four pairs of windows, each with its name."""
        return [
            (f"{kind}.{speed}", self.spec[kind][speed]) for kind in ("page", "ticket") for speed in ("quick", "slow")
        ]


def filled(node: Node) -> Node:
    """The node; an expression at its place where a template fills it in."""
    value = node.value if node.known else None
    if isinstance(value, str) and ("{{" in value or "${" in value):
        return Node(Expression(value, "is filled in later"), node.source, node.span, node.key)
    return node


def _written(node: Node) -> str:
    expression = node.expression
    return expression.text if expression else node.text


_OF_OPENSLO = regex(r"^[\"' ]{0,4}(?:-[ ])?[ ]{0,8}[\"']?apiVersion[\"']?[ ]{0,4}:[ ]{0,4}[\"']?openslo(?:\.com)?/", 8)
_OF_SLOTH = regex(r"^[\"']?version[\"']?[ ]{0,4}:[ ]{0,4}[\"']?prometheus/v1\b|sloth\.slok\.dev/v1", 8)
_OF_PYRRA = regex(r"pyrra\.dev/v1alpha1")
_WORDS = ("openslo", "prometheus/v1", "sloth.slok.dev", "pyrra.dev/")


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The objectives of a file, and the objects that they are made of; a fault where they cannot be read."""
    if source.path.lower().endswith((".md", ".markdown")):
        if "|" in source.text and _MAY_PROMISE.search(source.text):
            yield from import_module("gatekeeper.models.slo.tables").objectives(source)
        return
    text = source.text
    if not any(word in text for word in _WORDS):
        return
    patterns = (_OF_OPENSLO, _OF_SLOTH, _OF_PYRRA)
    if not any(pattern.search(text) for pattern in patterns):
        return
    documents = source.once(yaml.parse)
    for node in documents.nodes:
        yield from _of_document(node)
    for fault in documents.faults:
        words = "objectives in a template that is not rendered cannot be judged"
        yield (
            Fault(source, fault.span, words, "template-unrendered", "slo", "audit what it renders to")
            if "{{" in text
            else fault._replace(technology="slo")
        )


_MAY_PROMISE = regex(r"\bSL[IO]s?\b|service[- ]level (?:objective|indicator)", 2)


def _of_document(document: Node) -> Iterator[Subject | Fault]:
    nodes = list(document) if document.is_list else list(document["items"]) if document["items"].is_list else [document]
    for node in nodes:
        if not node.is_mapping:
            continue
        version, kind = _written(node["apiVersion"]), _written(node["kind"])
        if version.startswith(("openslo/", "openslo.com/")):
            yield from _adapted("openslo", OpenSlo(node))
        elif version == "pyrra.dev/v1alpha1" and kind == "ServiceLevelObjective":
            yield from _adapted("pyrra", Pyrra(node))
        elif version == "sloth.slok.dev/v1" and kind == "AlertWindows":
            yield AlertWindows(node)
        elif (version == "sloth.slok.dev/v1" and kind == "PrometheusServiceLevel") or (
            not version and _written(node["version"]) == "prometheus/v1" and ("slos" in node or "service" in node)
        ):
            spec = Sloth(node)
            yield from _adapted("sloth", spec)
            yield from spec.objectives


def _adapted(writer: str, subject: Subject) -> Iterator[Subject]:
    yield subject
    yield from import_module(f"gatekeeper.models.slo.{writer}").objectives(subject)
