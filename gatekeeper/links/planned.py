"""What plans that hold say of a resource: its instances, as they are planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.models import Subject
from gatekeeper.node import Node
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.evidence.facts import PlannedInstance
    from gatekeeper.models.terraform import Module, Resource
    from gatekeeper.models.terraform.plans import HeldPlan, PlannedResource, Step

_CALLS = 8  # that lead to a module
_WAYS = 24  # to it
_INSTANCES = 200  # of one resource


class _Way(NamedTuple):
    """How a module is reached: the root, and the calls from there on."""

    root: Module
    steps: tuple[Step, ...]


def planned(resource: Resource, project: Project) -> Sequence[PlannedResource]:
    """A resource as every plan has it that holds for this commit: each of its instances, with the values planned.

    Empty unless there is a plan for each root and each environment that make it: what one of them plans says nothing of
    the others. Where a plan makes none of it, that is one which is not `there`.
    """
    if "terraform.HeldPlan" not in Subject.registry:
        return ()
    from gatekeeper.models.terraform.plans import HeldPlan, PlannedResource
    from gatekeeper.models.terraform.registry import RegistryResource

    plans = project.all(HeldPlan)
    if not plans or isinstance(resource, PlannedResource):
        return ()
    if isinstance(resource, RegistryResource) and resource.made.repeated and resource.instance:
        return ()  # an instance of the call, or of what the module repeats: nobody can tell
    ways = list(_ways(resource.module))
    if not ways or len(ways) > _WAYS:
        return ()
    found: list[PlannedResource] = []
    for way in ways:
        for plan in _plans_of(way.root, plans, project) or (None,):
            made = _of(resource, way, plan) if plan else None
            if made is None:
                return ()
            found += made
    return found[:_INSTANCES] if len(found) <= _INSTANCES else ()


def _of(resource: Resource, way: _Way, plan: HeldPlan) -> list[PlannedResource] | None:
    """What a plan has of a resource; None when it cannot tell."""
    from gatekeeper.models.terraform.plans import as_planned, left_out

    calls, address = _within(resource, way)
    every = plan.by_address.get((calls, address), [])
    planned = [each for each in every if _is_meant(each, resource, way)]
    if planned:
        return [as_planned(resource, each, plan.path) for each in planned]
    if not every and plan.plan.complete and plan.configures(calls, address):
        return [left_out(resource, plan.path)]
    return None


def _within(resource: Resource, way: _Way) -> tuple[tuple[str, ...], str]:
    """The calls that lead to it, and its type and name there: a remote module's resource is inside of that."""
    from gatekeeper.models.terraform.registry import RegistryResource

    calls = tuple(step.name for step in way.steps)
    if isinstance(resource, RegistryResource):
        *inner, kind, label = resource.made.inner.split(".")
        return (*calls, resource.label, *inner), f"{kind}.{label}"
    return calls, ".".join(resource.labels)


def _is_meant(planned: PlannedInstance, resource: Resource, way: _Way) -> bool:
    """Whether it is the instance, below the instances of calls, that is looked at."""
    from gatekeeper.models.terraform.plans import steps_of

    steps = zip(way.steps, steps_of(planned.module), strict=False)  # a remote module's resource is further inside
    calls = all(step.key in ("", other.key) for step, other in steps)
    return calls and resource.instance in ("", planned.index)


def _ways(module: Module, steps: tuple[Step, ...] = (), left: int = _CALLS) -> Iterator[_Way]:
    from gatekeeper.models.terraform.plans import Step

    context = module.context
    users = list(context.calls[:1]) if context and context.calls else module.users
    if not users:
        yield _Way(module, steps)
    for call in users if left else ():
        yield from _ways(call.module, (Step(call.label, call.instance), *steps), left - 1)


def _plans_of(root: Module, plans: Sequence[HeldPlan], project: Project) -> list[HeldPlan]:
    """The plans of a root; empty when one of its environments has none."""
    own = _by_root(plans, project).get(root.directory, [])
    given: list[Mapping[str, Node]] = [root.context.given] if root.context else root.environments
    found: list[HeldPlan] = []
    for values in given:
        meant = [plan for plan in own if plan.is_with(values)]
        others = [other for other in given if other is not values]
        if not meant or any(plan.is_with(other) for plan in meant for other in others):
            return []
        found += meant
    return found


def _by_root(plans: Sequence[HeldPlan], project: Project) -> dict[str, list[HeldPlan]]:
    """The plans by the directory of the root that they are of, where that is one."""

    def make(project: Project) -> dict[str, list[HeldPlan]]:
        from gatekeeper.models.terraform import Directory

        roots = [each.module for each in project.all(Directory) if not each.module.users]
        table: dict[str, list[HeldPlan]] = {}
        for plan in plans:
            own = [root.directory for root in roots if plan.is_of(root)]
            if len(own) == 1:
                table.setdefault(own[0], []).append(plan)
        return table

    return project.once("plans by root", make)
