"""Which alarms are about a resource: by what they refer to, and by the names that they say in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.links.alerting import ALARM_TYPES
from gatekeeper.links.related import Target, targets
from gatekeeper.links.resources import terraform_resources
from gatekeeper.node import Expression, Node, regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Repeated, Resource

NAMESPACES = {  # of the metrics that AWS makes of a service by itself
    "aws_ecs_service": ("AWS/ECS", "ECS/ContainerInsights"),
    "aws_lb": ("AWS/ApplicationELB", "AWS/NetworkELB"),
    "aws_alb": ("AWS/ApplicationELB", "AWS/NetworkELB"),
    "aws_db_instance": ("AWS/RDS",),
    "aws_rds_cluster": ("AWS/RDS",),
    "aws_lambda_function": ("AWS/Lambda",),
    "aws_sqs_queue": ("AWS/SQS",),
}
_BESIDE = {  # an alarm about these is about the service too, in these namespaces
    "aws_ecs_service": ("load_balancer.target_group_arn", NAMESPACES["aws_lb"]),
    "aws_lambda_function": ("dead_letter_config.target_arn", NAMESPACES["aws_sqs_queue"]),
    "aws_sqs_queue": ("redrive_policy", NAMESPACES["aws_sqs_queue"]),
}
_NAMED = ("name", "function_name", "identifier", "cluster_identifier")
_WORD = regex(r"[A-Za-z0-9](?:[A-Za-z0-9_./-]{0,200}[A-Za-z0-9])?")
_MONITORING = regex(r"monitor|alarm|alert|cloudwatch|datadog|newrelic|observab|grafana")
_SHORTEST = 4  # name that is looked for in words


class _Alarms(NamedTuple):
    """What all alarms together are about: resources, words, the namespaces in which they name something in words, and
    by namespace the dimensions that nobody knows."""

    meant: frozenset[Target]
    words: frozenset[str]
    named: frozenset[str]
    open: dict[str, Node]


class Alarmed(NamedTuple):
    """Whether some alarm is about a resource; None where one may be, and then `doubt` says why."""

    truth: bool | None
    doubt: Node | None = None


def alarms_made(project: Project) -> list[Resource]:
    """The alarms that Terraform makes for somebody."""
    return project.once("alarms made", lambda p: [each for each in terraform_resources(p) if each.type in ALARM_TYPES])


def alarmed(resource: Resource, project: Project) -> Alarmed:
    """Whether an alarm is about a resource."""
    alarms = project.once("what alarms are about", _alarms)
    own = {Target(resource.module.directory, address) for address in resource.addressed_as}
    spaces = NAMESPACES[resource.type]
    beside, more = _BESIDE.get(resource.type, ("", ()))
    if beside and resource.node.at(beside).present:
        own |= targets(resource, beside)
        spaces += more
    if not own.isdisjoint(alarms.meant):
        return Alarmed(True)
    names = list(_names(resource))
    if any(name in alarms.words for name in names):
        return Alarmed(True)
    doubt = next((alarms.open[space] for space in spaces if space in alarms.open), None)
    doubt = doubt or alarms.open.get("") or _own_doubt(resource, alarms) or _elsewhere(resource, project)
    return Alarmed(None, doubt) if doubt is not None else Alarmed(False)


def _own_doubt(resource: Resource, alarms: _Alarms) -> Node | None:
    """What of this one is not known, by which an alarm that names something may be about it."""
    if not alarms.named.isdisjoint(("", *NAMESPACES[resource.type])):
        for each in (resource, *resource.instances):
            for path in _NAMED:
                if each.node[path].expression:
                    return each.node[path]
    path, _ = _BESIDE.get(resource.type, ("", ()))
    beside = resource.node.at(path) if path and alarms.meant and not targets(resource, path) else None
    return next((node for node in beside.walk() if node.expression), None) if beside is not None else None


def _names(resource: Resource) -> Iterator[str]:
    for each in (resource, *resource.instances):
        for path in _NAMED:
            node = each.node[path]
            if node.known and isinstance(node.value, str) and len(node.value) >= _SHORTEST:
                yield node.value


def _alarms(project: Project) -> _Alarms:
    meant: set[Target] = set()
    words: set[str] = set()
    named: set[str] = set()
    unknown: dict[str, Node] = {}
    for alarm in alarms_made(project):
        found = _meant(alarm)
        meant |= found
        words |= set(_words(alarm))
        if not any(not target.address.startswith(("data.", "module.")) for target in found - _tells(alarm)):
            for space, node in _open(alarm):
                unknown.setdefault(space, node)
            named |= set(_named(alarm))
    return _Alarms(frozenset(meant), frozenset(words), frozenset(named), unknown)


def _meant(alarm: Resource) -> set[Target]:
    body = alarm.syntax.body
    paths = [*body.attributes, *(inner.labels[0] if inner.type == "dynamic" else inner.type for inner in body.blocks)]
    found = {target for path in dict.fromkeys(paths) for target in targets(alarm, path)}
    return found - _tells(alarm)


def _tells(alarm: Resource) -> set[Target]:
    """Whom it tells: what is no subject of it."""
    names = ("alarm_actions", "ok_actions", "insufficient_data_actions", "notification_channels")
    return {target for name in names for target in targets(alarm, name)}


def _words(alarm: Resource) -> Iterator[str]:
    for each in (alarm, *alarm.instances):
        for node in each.node.walk():
            if node.known and isinstance(node.value, str):
                yield node.value
                yield from _WORD.findall(node.value[:5000])


def _open(alarm: Resource) -> Iterator[tuple[str, Node]]:
    """The namespaces that it watches in dimensions that are not known; '' when it is not known which these are."""
    for each in alarm.instances or [alarm]:
        query = each.node["query"]
        if query.expression:  # of Datadog and the like: it says all that is watched
            yield "", query
        for holder in _metrics(each):
            space = holder["namespace"]
            node = next((node for node in holder["dimensions"].walk() if not node.known), None)
            if not space.known:
                yield "", space
            elif node is not None and space.present:
                yield space.text, node


def _named(alarm: Resource) -> Iterator[str]:
    """The namespaces in which it names what it watches in words; '' where it is no alarm of AWS."""
    if not alarm.type.startswith("aws_"):
        yield ""
    for holder in _metrics(alarm):
        space = holder["namespace"]
        if space.known and space.present and holder["dimensions"].present:
            yield space.text


def _metrics(alarm: Repeated) -> Iterator[Node]:
    yield alarm.node
    for query in alarm.blocks("metric_query"):
        yield query["metric"] if query.known else query


def _elsewhere(resource: Resource, project: Project) -> Node | None:
    """A remote module, or a caller that is not here, that may make an alarm for it."""
    for call in resource.module.remote_calls:
        if not resource.addressed_as.isdisjoint(call.all_addresses) or _MONITORING.search(call.source.lower()):
            words = f"is a remote module, which may make an alarm for {resource.name}"
            return Node(Expression(call.name, words), call.syntax.home.source, call.span)
    if not resource.module.root and not resource.module.users:
        words = "is in a module that nothing here calls: whoever does may make its alarm"
        return Node(Expression(resource.name, words), resource.node.source, resource.span)
    return None
