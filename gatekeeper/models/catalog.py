"""Backstage's catalogue: what a file says that a component is, who owns it, and where its pages are.

https://backstage.io/docs/features/software-catalog/descriptor-format
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.discover import Tree
from gatekeeper.models import Subject
from gatekeeper.models.kubernetes.selector import written
from gatekeeper.models.people import Who, is_somebody, who
from gatekeeper.node import Fault, Node, Source, Span
from gatekeeper.parsers import yaml

API = "backstage.io/"
OWNED = frozenset({"Component", "System", "API", "Resource", "Domain"})  # the kinds that somebody must own
_PAGERS = ("pagerduty.com/", "opsgenie.com/", "victorops.com/", "splunk.com/on-call-", "grafana-oncall/", "ilert.com/")
_DEEPEST = 200  # nodes of an entity's spec that are looked through for files


class Reference(NamedTuple):
    """A file or a folder that an entity names, from the repository's root."""

    path: str
    node: Node
    folder: bool


class Entity(Subject):
    """One document of a catalogue: a Component, a System, a Group, ..."""

    technology = "catalog"
    example_path = "catalog-info.yaml"

    @property
    def kind(self) -> str:
        return written(self.node["kind"])

    @property
    def name(self) -> str:
        return f"{self.kind}/{written(self.node.at('metadata.name')) or '(unnamed)'}"

    @property
    def span(self) -> Span:
        named = self.node.at("metadata.name")
        return (named if named.present else self.node["kind"]).span

    @property
    def owner(self) -> Node:
        return self.node.at("spec.owner")

    @property
    def owned(self) -> bool:
        """Whether it names an owner who is somebody."""
        return self.who == "somebody"

    @property
    def who(self) -> Who:
        """Whether its owner is somebody: `perhaps` for a name that says little."""
        return who(written(self.owner))

    @property
    def depends_on(self) -> list[str]:
        """The names of what it is declared to depend on, without their kinds: `resource:default/orders` is orders."""
        listed = self.node.at("spec.dependsOn")
        names = [written(each) for each in (listed if listed.known and listed.is_list else ())]
        return [name.rpartition(":")[2].rpartition("/")[2] for name in names if name]

    @property
    def annotations(self) -> dict[str, Node]:
        given = self.node.at("metadata.annotations")
        return dict(given.items()) if given.whole and given.is_mapping else {}

    @property
    def pager(self) -> Node | None:
        """The annotation that says where it is paged for."""
        named = (node for key, node in self.annotations.items() if key.startswith(_PAGERS))
        return next((node for node in named if is_somebody(written(node))), None)

    def references(self) -> Iterator[Reference]:
        """What it names in this repository: its pages, decisions, definitions, and files of more entities."""
        return (each for each in self._references() if not each.path.startswith(".."))

    def _references(self) -> Iterator[Reference]:
        pages = self.annotations.get("backstage.io/techdocs-ref")
        if pages is not None and written(pages).startswith("dir:"):
            yield Reference(self._path(written(pages)[4:]), pages, True)
        decisions = self.annotations.get("backstage.io/adr-location")
        if decisions is not None and _is_local(written(decisions)):
            yield Reference(self._path(written(decisions)), decisions, True)
        for node in self._texts():
            yield Reference(self._path(written(node)), node, False)
        spec = self.node["spec"]
        if self.kind == "Location" and written(spec["type"]) in ("", "file"):
            targets = spec["targets"]
            for node in (spec["target"], *(targets if targets.known and targets.is_list else ())):
                if _is_local(written(node)) and "*" not in written(node):
                    yield Reference(self._path(written(node)), node, False)

    def _texts(self) -> Iterator[Node]:
        """The files that stand for a text: `$text: ./openapi.yaml`."""
        for number, node in enumerate(self.node["spec"].walk()):
            if number > _DEEPEST:
                return
            if node.whole and node.is_mapping:
                for key in ("$text", "$json", "$yaml"):
                    if _is_local(written(node[key])):
                        yield node[key]

    def _path(self, below: str) -> str:
        found = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), below.strip()))
        return "" if found == "." else found


def _is_local(text: str) -> bool:
    return bool(text) and "://" not in text and "{{" not in text and not text.startswith("/")


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The entities of a file. What the scaffolder fills in declares what others will be, and is none."""
    for node in source.once(yaml.parse).nodes:
        templated = "{{" in written(node.at("metadata.name"))
        if (
            written(node["apiVersion"]).startswith(API)
            and written(node["kind"]) not in ("", "Template")
            and not templated
        ):
            yield Entity(node)
