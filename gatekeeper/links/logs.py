"""Where logs go and how long they are kept: the groups and workspaces that Terraform makes, and the shippers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.links.resources import terraform_resources
from gatekeeper.models import Subject
from gatekeeper.node import Expression, Node, Unresolved
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource

_RETENTION = {  # what keeps logs, and the attribute that says for how many days; None where nothing is said
    "aws_cloudwatch_log_group": "retention_in_days",
    "azurerm_log_analytics_workspace": "retention_in_days",
    "google_logging_project_bucket_config": "retention_days",
}
_NEVER = {"aws_cloudwatch_log_group"}  # kept for ever where no retention is written
_SHIPPERS = frozenset(
    """
    alloy datadog-agent filebeat fluent-bit fluentbit fluentd fluentd-kubernetes-daemonset grafana-agent logstash
    opentelemetry-collector opentelemetry-collector-contrib promtail splunk-otel-collector vector aws-for-fluent-bit
    """.split()
)


class Log(NamedTuple):
    """A place that logs go to. `sources` are what writes there, as far as it says so; empty when nothing does.

    `days` is absent where nothing says how long they are kept; `forever` when that means for ever.
    """

    sources: tuple[str, ...]
    name: Node
    type: str
    days: Node
    forever: bool
    at: Node


class Shipper(NamedTuple):
    """A workload that ships the logs of others; where to stands in its own configuration."""

    name: str
    image: str
    at: Node


def log_places(project: Project) -> list[Log]:
    return project.once("log places", lambda project: list(_places(project)))


def _places(project: Project) -> Iterator[Log]:
    users = _users(project)
    for each in terraform_resources(project):
        if each.type not in _RETENTION:
            continue
        days = each.node[_RETENTION[each.type]]
        zero = days.known and days.present and days.number == 0
        forever = each.type in _NEVER and (zero or not days.present)
        sources = tuple(other.name for other in users.get((each.module, *each.labels), ()) if other is not each)
        at = Node(each.name, each.node.source, each.span)
        yield Log(sources, _name(each), each.type, days, forever, at)


def _name(resource: Resource) -> Node:
    """Its name; the whole template where a part of it is not known."""
    node, expr = resource.node["name"], resource.expr("name")
    return node if node.known or expr is None else Node(Expression(expr.text), node.source, node.span)


def _users(project: Project) -> dict[tuple[object, ...], list[Resource]]:
    """The resources that refer to one, by its module and labels."""
    users: dict[tuple[object, ...], list[Resource]] = {}
    for each in terraform_resources(project):
        for words in dict.fromkeys(reference.path[:2] for reference in each.references):
            users.setdefault((each.module, *words), []).append(each)
    return users


def shippers(project: Project) -> list[Shipper]:
    return project.once("log shippers", lambda project: list(_shippers(project)))


def _shippers(project: Project) -> Iterator[Shipper]:
    containers = Subject.registry.get("kubernetes.Container")
    for each in project.all(containers) if containers else ():
        try:
            image = each.node["image"].text
        except Unresolved:
            continue
        if image.rpartition("/")[2].partition("@")[0].partition(":")[0] in _SHIPPERS:
            yield Shipper(each.name, image, Node(each.name, each.node.source, each.span))
