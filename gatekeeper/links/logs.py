"""Where logs go and how long they are kept: the groups and workspaces that Terraform makes, and what ships there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.links.resources import terraform_resources
from gatekeeper.models import Subject
from gatekeeper.node import Expression, Node, Unresolved, regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.kubernetes import Container
    from gatekeeper.models.telemetry import Collector, Component, LokiConfig
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
    """A workload that may ship the logs of others; whether, and where to, stands in its own configuration.

    `sends` where its environment says that it does.
    """

    name: str
    image: str
    at: Node
    sends: bool = False


class Flow(NamedTuple):
    """What a collector takes in, and where it sends that: `kept` is for how long, None where nothing here says so."""

    sources: tuple[str, ...]
    destination: str
    kept: Node | None
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
    for each in cast("list[Container]", project.all(containers)) if containers else ():
        try:
            image = each.node["image"].text
        except Unresolved:
            continue
        if image.rpartition("/")[2].partition("@")[0].partition(":")[0] in _SHIPPERS:
            told = next((var.value for var in each.env if var.name == "DD_LOGS_ENABLED"), None)
            sends = told is not None and told.known and told.text.lower() == "true"
            yield Shipper(each.name, image, Node(each.name, each.node.source, each.span), sends)


def collectors(project: Project) -> list[Collector]:
    """The configurations here of what collects logs and passes them on, without those for a trial."""
    kind = Subject.registry.get("telemetry.Collector")
    found = cast("list[Collector]", project.all(kind)) if kind else []
    return [each for each in found if not each.trial and _reads(each, project) and arriving_of(each, project)]


def _reads(collector: Collector, project: Project) -> bool:
    """Whether it collects logs: itself, or one that is loaded with it."""
    if collector.logs:
        return True
    from gatekeeper.links.collectors import together

    return any(each.logs for each in together(collector, project))


def arriving_of(collector: Collector, project: Project) -> list[Component]:
    """Its outputs that send away, and that its logs reach."""
    from gatekeeper.links.collectors import arriving  # loads the models of collectors

    return arriving(collector, project)


def flows(project: Project) -> list[Flow]:
    """What the collectors here take in, and every place that they send it to."""
    return project.once("log flows", lambda project: list(_flows(project)))


def _flows(project: Project) -> Iterator[Flow]:
    kind = Subject.registry.get("telemetry.LokiConfig")
    lokis = cast("list[LokiConfig]", project.all(kind)) if kind else []
    periods = [each.period for each in lokis if not each.trial and each.period.present]
    for collector in collectors(project):
        sources = tuple(dict.fromkeys(each.type for each in collector.sources if each.type))
        for out in arriving_of(collector, project):
            is_loki = "loki" in out.type.lower()
            kept = periods[0] if is_loki and len(lokis) == 1 and periods else None
            host = next((name for key in _ADDRESSES for name in _hosts(out.values.get(key, ()))), "")
            yield Flow(sources, f"{out.type} {host}".strip(), kept, out.at)


_ADDRESSES = ("endpoint", "url", "host", "hosts", "endpoints", "bucket", "uri")
_HOST = regex(r"(?:[a-z][a-z0-9+.-]{0,20}://)?(?:[^/@\s]{0,200}@)?([A-Za-z0-9_.-]{1,200})(?::\d{1,5})?(?:/.*)?\Z")


def _hosts(nodes: Iterable[Node]) -> Iterator[str]:
    """The names of hosts in addresses, without what may be a secret around them."""
    for node in nodes:
        for each in node if node.is_list else (node,):
            found = _HOST.match(each.text.strip()) if each.known and isinstance(each.value, str) else None
            if found:
                yield found[1]
