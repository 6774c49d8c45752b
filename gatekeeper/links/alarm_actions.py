"""Whom a CloudWatch alarm tells: the topics it names, through the variables of its module, and who subscribed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.links.resources import terraform_resources
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Block, Module, Resource
    from gatekeeper.parsers import hcl

_DEPTH = 8  # modules that call one another


class Action(NamedTuple):
    """A topic by its address, and the protocols of its subscriptions; not `found` when it leads out of the files."""

    topic: str
    protocols: tuple[str, ...]
    found: bool


_Address = tuple[str, "Module | None"]  # with the module it is declared in; None when that is not here


def actions_of(alarm: Resource, project: Project) -> list[Action]:
    """What an alarm does when it goes off; nothing when it names no action."""
    subscribed = project.once("subscriptions of topics", _subscribed)
    found = _addresses(alarm, project)
    return [Action(address, subscribed.get((address, module), ()), bool(module)) for address, module in found]


def _addresses(alarm: Resource, project: Project) -> list[_Address]:
    expr = alarm.expr("alarm_actions")
    if expr is None:
        return []
    return project.once("variables of alarms", lambda _: _Followed()).of(expr, alarm.module, _DEPTH)


class _Followed:
    """What addresses come to, through the variables of modules and those that call them; followed once for each."""

    def __init__(self) -> None:
        self._found: dict[tuple[Module, str, int], list[_Address]] = {}

    def of(self, expr: hcl.Expr, module: Module, left: int) -> list[_Address]:
        """Every address that an expression comes to."""
        addresses = sorted(module.addresses(expr))
        return list(dict.fromkeys(found for address in addresses for found in self._behind(address, module, left)))

    def _behind(self, address: str, module: Module, left: int) -> list[_Address]:
        key = (module, address, left)
        if key not in self._found:
            self._found[key] = self._given(address, module, left)
        return self._found[key]

    def _given(self, address: str, module: Module, left: int) -> list[_Address]:
        kind, _, name = address.partition(".")
        calls = module.users if kind == "var" and left else []
        given = [(value, call.module) for call in calls if (value := call.expr(name)) is not None]
        if not given:
            return [(address, module if address in module.declared else None)]
        return list(dict.fromkeys(found for value, caller in given for found in self.of(value, caller, left - 1)))


def _subscribed(project: Project) -> dict[_Address, tuple[str, ...]]:
    """The protocols of the subscriptions to each topic."""
    protocols: dict[_Address, set[str]] = {}
    for each in terraform_resources(project):
        if each.type == "aws_sns_topic_subscription":
            node = each.node["protocol"]
            for address in each.addresses("topic_arn"):
                protocol = node.text if node.known else "an unresolved protocol"
                protocols.setdefault((address, each.module), set()).add(protocol)
    return {topic: tuple(sorted(found)) for topic, found in protocols.items()}


def tells(topic: Resource, project: Project) -> bool:
    """Whether an alarm that Terraform makes here is sent to that topic."""
    return (topic.name, topic.module.directory) in project.once("topics of alarms", _told)


def _told(project: Project) -> frozenset[tuple[str, str]]:
    alarms = [each for each in terraform_resources(project) if each.type in _ALARMS]
    found = (address for alarm in alarms for address in _addresses(alarm, project))
    return frozenset((address, module.directory) for address, module in found if module)


_ALARMS = ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm")


def left_to_callers(block: Block, path: str) -> bool:
    """Whether an attribute is a variable of a module that nothing here runs or calls: whoever does will give it."""
    module = block.module
    open_ = not module.root and not module.users and module.context is None
    return open_ and any(address.startswith("var.") for address in block.addresses(path))
