"""Whom a CloudWatch alarm tells: the topics it names, through the variables of its module, and who subscribed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.links.resources import terraform_resources
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Module, Resource
    from gatekeeper.parsers import hcl

_DEPTH = 8  # modules that call one another


class Action(NamedTuple):
    """A topic by its address, and the protocols of its subscriptions; not `found` when it leads out of the files."""

    topic: str
    protocols: tuple[str, ...]
    found: bool


def actions_of(alarm: Resource, project: Project) -> list[Action]:
    """What an alarm does when it goes off; nothing when it names no action."""
    expr = alarm.expr("alarm_actions")
    if expr is None:
        return []
    found = dict.fromkeys(_followed(expr, alarm.module, 0))
    return [Action(address, _protocols(address, module, project), bool(module)) for address, module in found]


def _followed(expr: hcl.Expr, module: Module, depth: int) -> list[tuple[str, Module | None]]:
    """Every address that an expression comes to, with the module it is declared in; None when that is not here."""
    found: list[tuple[str, Module | None]] = []
    for address in sorted(module.addresses(expr)):
        kind, _, name = address.partition(".")
        calls = module.users if kind == "var" and depth < _DEPTH else []
        given = [(value, call.module) for call in calls if (value := call.expr(name)) is not None]
        for value, caller in given:
            found += _followed(value, caller, depth + 1)
        if not given:
            found.append((address, module if address in module.declared else None))
    return found


def _protocols(address: str, module: Module | None, project: Project) -> tuple[str, ...]:
    protocols = []
    for each in terraform_resources(project) if module else ():
        if (
            each.type == "aws_sns_topic_subscription"
            and each.module is module
            and address in each.addresses("topic_arn")
        ):
            node = each.node["protocol"]
            protocols.append(node.text if node.known else "an unresolved protocol")
    return tuple(sorted(set(protocols)))
