"""Roles, their bindings and ServiceAccounts: who may do what to the cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from gatekeeper.models.kubernetes.objects import Object, learn
from gatekeeper.models.kubernetes.selector import LabelSelector, written
from gatekeeper.node import Node

GROUP = "rbac.authorization.k8s.io"
READING = frozenset({"get", "list", "watch"})
CHANGING = frozenset({"create", "update", "patch", "delete", "deletecollection"})


class Grant(NamedTuple):
    """One entry of a role's `rules`: these verbs on these resources. `*` stands for everything."""

    groups: frozenset[str]
    resources: frozenset[str]
    verbs: frozenset[str]
    names: frozenset[str]
    node: Node

    def allows(self, verbs: Iterable[str], group: str, resource: str, name: str = "") -> bool:
        """Whether it allows any of the verbs on a resource, whatever its objects' names, or on the one of that name.

        `pods` does not take in `pods/exec`; `*` and `*/exec` do. The API knows no `pods/*`.
        """
        if not self.verbs & {*verbs, "*"} or not self.groups & {group, "*"}:
            return False
        if self.names and name not in self.names:
            return False
        _, slash, below = resource.partition("/")
        return bool(self.resources & ({resource, "*"} | ({f"*/{below}"} if slash else set())))

    @property
    def everything(self) -> bool:
        """Whether it allows every verb on every resource of every group."""
        return "*" in self.verbs and "*" in self.resources and "*" in self.groups and not self.names

    @property
    def sweeping(self) -> bool:
        """Whether it allows changing every resource of every group."""
        every = "*" in self.resources and "*" in self.groups and not self.names
        return every and bool(self.verbs & {"*", *CHANGING})


def grant(node: Node) -> Grant:
    """The grant that an entry of `rules` writes. Raises `Unresolved`."""
    groups, resources, verbs = _texts(node["apiGroups"]), _texts(node["resources"]), _texts(node["verbs"])
    return Grant(groups, resources, verbs, _texts(node["resourceNames"]), node)


def _texts(node: Node) -> frozenset[str]:
    return frozenset(each.text for each in node)


class Role(Object):
    """A Role or a ClusterRole."""

    @property
    def of_cluster(self) -> bool:
        return self.kind == "ClusterRole"

    @cached_property
    def grants(self) -> list[Grant]:
        """What its own `rules` allow, all of them. Raises `Unresolved`."""
        return [grant(node) for node in self.node["rules"] if node.is_mapping]

    @cached_property
    def aggregates(self) -> list[LabelSelector]:
        """The labels of the ClusterRoles whose rules the cluster writes into this one. Raises `Unresolved`."""
        return [LabelSelector.of(each) for each in self.node["aggregationRule"]["clusterRoleSelectors"]]

    @property
    def everything(self) -> bool:
        """Whether it allows everything, as cluster-admin does. Raises `Unresolved`."""
        return any(each.everything for each in self.grants)

    @property
    def sweeping(self) -> bool:
        """Whether it allows changing everything there is. Raises `Unresolved`."""
        return any(each.sweeping for each in self.grants)

    def allowing(
        self, verbs: Iterable[str], group: str, resources: Iterable[str], name: str = ""
    ) -> Iterator[tuple[Grant, str]]:
        """The grants that allow any of the verbs on one of the resources, and on which. Raises `Unresolved`."""
        for each in self.grants:
            found = next((resource for resource in resources if each.allows(verbs, group, resource, name)), None)
            if found:
                yield each, found


class Bound(NamedTuple):
    """One entry of a binding's `subjects`: a User, a Group or a ServiceAccount."""

    kind: str
    name: str
    namespace: str
    node: Node

    @property
    def words(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Binding(Object):
    """A RoleBinding or a ClusterRoleBinding."""

    @property
    def of_cluster(self) -> bool:
        return self.kind == "ClusterRoleBinding"

    @property
    def role_ref(self) -> Node:
        return self.node["roleRef"]

    @cached_property
    def role(self) -> tuple[str, str]:
        """Kind and name of the role that it gives."""
        return written(self.role_ref["kind"]), written(self.role_ref["name"])

    @cached_property
    def subjects(self) -> list[Bound]:
        """To whom it gives the role. A ServiceAccount without a namespace is of the RoleBinding's own."""
        return [self._bound(node) for node in self.node["subjects"] if node.is_mapping]

    def _bound(self, node: Node) -> Bound:
        kind, name, namespace = (written(node[key]) for key in ("kind", "name", "namespace"))
        own = "" if kind != "ServiceAccount" or self.of_cluster else self.namespace
        return Bound(kind, name, namespace or own, node)


class ServiceAccount(Object):
    """A ServiceAccount."""

    @property
    def automount(self) -> Node:
        return self.node["automountServiceAccountToken"]


_GROUPS = (GROUP, "authorization.openshift.io")
learn({(group, kind): Role for group in _GROUPS for kind in ("Role", "ClusterRole")})
learn({(group, kind): Binding for group in _GROUPS for kind in ("RoleBinding", "ClusterRoleBinding")})
learn({("", "ServiceAccount"): ServiceAccount})
