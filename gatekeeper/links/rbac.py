"""What a binding gives, and to whom: bindings to roles, roles to those they are bound to, pods to ServiceAccounts."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from gatekeeper.links.selectors import compatible, rung_of
from gatekeeper.models.kubernetes import Binding, Bound, Role, ServiceAccount, Workload, builds, written
from gatekeeper.models.kubernetes.rbac import GROUP
from gatekeeper.node import Unresolved
from gatekeeper.project import Project


class Holder(NamedTuple):
    """Somebody who is bound to a role, and the binding that says so."""

    bound: Bound
    binding: Binding


def role_of(binding: Binding, project: Project) -> Role | None:
    """The role that a binding gives, the nearest of that name; None when none is written here."""
    kind, name = binding.role
    found = [
        role
        for role in project.by(Role, "object_name").get(name, ())
        if role.kind == kind and (role.of_cluster or compatible(role.namespace, binding.namespace))
    ]
    graph = project.tree.once(builds)
    return min(found, key=lambda role: rung_of(binding, role, graph), default=None)


def holders_of(role: Role, project: Project) -> list[Holder]:
    """Who is bound to a role here, in the order of the files."""
    return project.once("holders_of", _holders).get(id(role), [])


def _holders(project: Project) -> dict[int, list[Holder]]:
    table: dict[int, list[Holder]] = defaultdict(list)
    for binding in project.all(Binding):
        role = role_of(binding, project)
        if role is None:
            continue
        try:
            found = [Holder(bound, binding) for bound in binding.subjects]
            for each in (role, *gathered(role, project)):
                table[id(each)].extend(found)
        except Unresolved:
            continue
    return table


def reach(role: Role, project: Project) -> str:
    """Where what a role allows is allowed, in words."""
    if not role.of_cluster:
        return f"in namespace {role.namespace}" if role.namespace else "in its namespace"
    built_in = next((name for name in _BUILT_IN if role.labels.get(f"{GROUP}/aggregate-to-{name}") == "true"), "")
    if built_in:
        return f"for everybody with the role {built_in}"
    holders = holders_of(role, project)
    if any(each.binding.of_cluster for each in holders):
        return "in the whole cluster"
    return "in the namespaces where it is bound" if holders else "wherever it is bound"


_BUILT_IN = ("view", "edit", "admin")  # what the cluster's own roles of that name take over by a label


def gives_everything(binding: Binding, project: Project) -> bool:
    """Whether a binding gives every right: cluster-admin, or a role that allows the same. Raises `Unresolved`."""
    if binding.role == ("ClusterRole", "cluster-admin"):
        return True
    role = role_of(binding, project)
    return role is not None and any(each.everything for each in (role, *gathered(role, project)))


def gathered(role: Role, project: Project) -> list[Role]:
    """The ClusterRoles whose rules an aggregated one takes over. Raises `Unresolved`."""
    selectors = role.aggregates
    if not selectors:
        return []
    every = (each for each in project.all(Role) if each.of_cluster and each is not role)
    return [each for each in every if any(selector.matches(each.labels) for selector in selectors)]


def account_of(workload: Workload, project: Project) -> ServiceAccount | None:
    """The ServiceAccount that a workload's pods run as, the nearest of that name; None when it is not written here."""
    name = account_name(workload)
    found = [
        each
        for each in project.by(ServiceAccount, "object_name").get(name, ())
        if compatible(each.namespace, workload.namespace)
    ]
    graph = project.tree.once(builds)
    return min(found, key=lambda each: rung_of(workload, each, graph), default=None)


def account_name(workload: Workload) -> str:
    """The name of the ServiceAccount that a workload's pods run as; nobody having named one, it is `default`."""
    pod = workload.pod
    return written(pod["serviceAccountName"]) or written(pod["serviceAccount"]) or "default"


def is_bound(workload: Workload, project: Project) -> bool:
    """Whether the ServiceAccount of a workload's pods is given a role by a binding that is written here."""
    name = account_name(workload)
    return any(compatible(space, workload.namespace) for space in project.once("bound", _bound).get(name, ()))


def _bound(project: Project) -> dict[str, set[str]]:
    """The names of ServiceAccounts to which something is bound, with their namespaces."""
    table: dict[str, set[str]] = defaultdict(set)
    for binding in project.all(Binding):
        try:
            for each in binding.subjects:
                if each.kind == "ServiceAccount":
                    table[each.name].add(each.namespace)
        except Unresolved:
            continue
    return table
