"""The dashboards that the repository declares: Grafana's JSON model, and those that Terraform makes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.links.judged import holding
from gatekeeper.models import Subject
from gatekeeper.node import Node
from gatekeeper.parsers import json
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource

_BY_TERRAFORM = frozenset({
    "aws_cloudwatch_dashboard", "azurerm_portal_dashboard", "datadog_dashboard", "datadog_dashboard_json",
    "google_monitoring_dashboard", "grafana_dashboard", "newrelic_one_dashboard", "newrelic_one_dashboard_json",
})  # fmt: skip


class Dashboard(NamedTuple):
    """A dashboard: its nodes are absent where it does not say. `panels` is None when nobody can count them."""

    title: Node
    uid: Node
    description: Node
    panels: int | None
    node: Node


def dashboards(project: Project) -> list[Dashboard]:
    """Every dashboard, in the order of the files."""
    return project.once("dashboards", lambda project: [*_written(project), *_by_terraform(project)])


def _written(project: Project) -> Iterator[Dashboard]:
    for source in holding(project, (".json",), '"panels"', '"schemaVersion"'):
        for root in source.once(json.parse).nodes:
            node = root["dashboard"] if root["dashboard"].is_mapping else root
            if node.is_mapping and node["panels"].is_list and node["schemaVersion"].present:
                yield Dashboard(node["title"], node["uid"], node["description"], _panels(node), node["title"])


def _panels(dashboard: Node) -> int:
    """The panels, also those that a collapsed row holds; a row is none itself."""
    listed = [panel for panel in dashboard["panels"] if panel.is_mapping]
    inside = [inner for panel in listed if panel["panels"].is_list for inner in panel["panels"]]
    return sum(1 for panel in (*listed, *inside) if not (panel["type"].known and panel["type"] == "row"))


def _by_terraform(project: Project) -> Iterator[Dashboard]:
    resources = cast("type[Resource] | None", Subject.registry.get("terraform.Resource"))
    for each in project.all(resources) if resources else ():
        if each.type in _BY_TERRAFORM and not each.module.shown:
            node = each.node
            title = next((node[name] for name in ("dashboard_name", "title", "name") if node[name].present), None)
            at = Node(each.name, node.source, each.span)
            yield Dashboard(title if title is not None else at, node["uid"], node["description"], None, at)
