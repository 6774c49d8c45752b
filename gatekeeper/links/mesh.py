"""What a service mesh does here: who is in it, which Service a host means, what breaks a circuit, what is encrypted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.links.ingress import named
from gatekeeper.links.selectors import Rung, compatible, pods_of, rung_of
from gatekeeper.models.kubernetes import (
    DestinationRule,
    LabelSelector,
    Object,
    PeerAuthentication,
    Service,
    VirtualService,
    Workload,
    builds,
    texts,
    written,
)
from gatekeeper.models.kubernetes.mesh import ServiceDefaults, ServiceProfile
from gatekeeper.node import Node, Unresolved
from gatekeeper.project import Project

_ROOT_NAMESPACE = "istio-system"  # Istio's own by default: what stands there is about the whole mesh
_INJECTED = {
    "istio-injection": ("enabled",),
    "sidecar.istio.io/inject": ("true",),
    "istio.io/dataplane-mode": ("ambient",),
    "linkerd.io/inject": ("enabled", "ingress"),
    "consul.hashicorp.com/connect-inject": ("true",),
}
_LEFT_OUT = ("false", "disabled", "none")
_ACCRUAL = "balancer.linkerd.io/failure-accrual"


class Host(NamedTuple):
    """What a host of Istio's means: a Service of the cluster (`name`, `namespace`), else `name` alone, with dots."""

    name: str
    namespace: str = ""
    inside: bool = True


def host_of(text: str, near: str) -> Host:
    """The host that a name means, in an object of the namespace `near`."""
    short = text.rstrip(".")
    for ending in (".svc.cluster.local", ".svc"):
        if short.endswith(ending):
            name, _, namespace = short.removesuffix(ending).partition(".")
            return Host(name, namespace)
    if "." not in short:
        return Host(short, near)
    return Host(short, "", inside=False)


def resolved(text: str, near: Object, project: Project) -> tuple[list[Service], Host]:
    """The Services that a host means, and how it was read: `name.namespace` is one where such a Service is here."""
    host = host_of(text, near.namespace)
    if not host.inside:
        name, _, namespace = host.name.partition(".")
        if "." not in namespace:
            found = named(Service, name, near, project, namespace)
            if found or any(each.namespace == namespace for each in project.all(Object)):
                return found, Host(name, namespace)
        return [], host
    return named(Service, host.name, near, project, host.namespace), host


def entered(text: str, project: Project) -> bool:
    """Whether a ServiceEntry here has the host, or a wildcard that covers it."""
    known: frozenset[str] = project.once("service entries", _entered)
    ending = text.partition(".")[2]
    return text in known or any(each.removeprefix("*.") in (ending, text) for each in known if each.startswith("*."))


def _entered(project: Project) -> frozenset[str]:
    entries = (each for each in project.all(Object) if each.kind == "ServiceEntry")
    return frozenset(written(host) for entry in entries for host in entry.spec["hosts"])


# Who is in a mesh


def mesh_of(service: Service, project: Project) -> str:
    """The mesh that a Service is part of (istio, linkerd, consul): its objects name it, or its pods have the proxy."""
    configured = project.once("configured for a mesh", _configured).get(id(service), "")
    if configured:
        return configured
    if _ACCRUAL in service.annotations:
        return "linkerd"
    workloads = pods_of(service, project).workloads
    return next((mesh for each in workloads if (mesh := injected(each, project))), "")


def injected(workload: Workload, project: Project) -> str:
    """The mesh whose proxy a workload's pods have, by their own labels and annotations, else by their namespace's."""
    own = {**texts(workload.template.at("metadata.annotations")), **workload.pod_labels}
    for key, values in _INJECTED.items():
        if own.get(key) in values:
            return _mesh(key)
        if own.get(key) in _LEFT_OUT:
            return ""
    if _ruled_by_istio(workload, project):
        return "istio"
    for each in project.by(Object, "kind").get("Namespace", ()):
        if each.object_name == workload.namespace:
            marks = {**each.annotations, **each.labels}
            found = next((_mesh(key) for key, values in _INJECTED.items() if marks.get(key) in values), "")
            if found or marks.get("istio.io/rev"):
                return found or "istio"
    return ""


def _ruled_by_istio(workload: Workload, project: Project) -> bool:
    """Whether one of Istio's rules names the workload by its labels: without the proxy such a rule does nothing."""
    for each, selector in project.once("rules of istio", lambda project: [*_istio_selectors(project)]):
        if compatible(each.namespace, workload.namespace) and selector.matches(workload.pod_labels):
            return True
    return False


_BY_LABELS = ("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication", "Sidecar")


def _istio_selectors(project: Project) -> Iterator[tuple[Object, LabelSelector]]:
    for kind in _BY_LABELS:
        for each in project.by(Object, "kind").get(kind, ()):
            if not each.group.endswith(".istio.io"):
                continue
            try:
                chosen = LabelSelector.of(each.spec["selector"])
                if kind == "Sidecar":
                    chosen = LabelSelector.of_map(each.spec["workloadSelector"]["labels"])
            except Unresolved:
                continue
            if chosen.requirements:
                yield each, chosen


def _mesh(key: str) -> str:
    return "linkerd" if "linkerd" in key else "consul" if "consul" in key else "istio"


def _configured(project: Project) -> dict[int, str]:
    found: dict[int, str] = {}
    for near, host, mesh in [*_istio_hosts(project), *_other_hosts(project)]:
        for service in resolved(host, near, project)[0]:
            found.setdefault(id(service), mesh)
    return found


def _istio_hosts(project: Project) -> list[tuple[Object, str, str]]:
    found: list[tuple[Object, str, str]] = [
        (rule, rule.host.text, "istio") for rule in project.all(DestinationRule) if rule.host.known
    ]
    for routes in project.all(VirtualService):
        try:
            hosts = [each.host for each in routes.destinations]
        except Unresolved:
            continue
        found += [(routes, host.text, "istio") for host in hosts if host.known]
    return found


def _other_hosts(project: Project) -> list[tuple[Object, str, str]]:
    linkerd = [(each, each.object_name, "linkerd") for each in project.all(ServiceProfile)]
    return [*linkerd, *((each, each.object_name, "consul") for each in project.all(ServiceDefaults))]


# Circuit breakers


class Breaker(NamedTuple):
    """What there is of a circuit breaker before a Service: what it lacks, in words, and where what there is stands."""

    lacks: tuple[str, ...]
    at: Object | None = None


def breaker_of(service: Service, mesh: str, project: Project) -> Breaker:
    """What breaks the circuit to a Service, as its mesh knows it. Raises `Unresolved`."""
    if mesh == "linkerd":
        return Breaker(() if service.annotations.get(_ACCRUAL) else (f"the annotation {_ACCRUAL}",))
    if mesh == "consul":
        return _of_consul(service, project)
    rules = rules_for(service, project)
    fields = ("outlierDetection", "connectionPool")
    lacks = tuple(field for field in fields if not any(rule.covered(field) for rule in rules))
    return Breaker(lacks, rules[0] if rules else None)


def rules_for(service: Service, project: Project) -> list[DestinationRule]:
    """The DestinationRules about the connections to a Service, those for many hosts too. Raises `Unresolved`."""
    table: dict[int, list[DestinationRule]] = project.once("destination rules", _rules)
    return [*table.get(id(service), ()), *(rule for rule in project.all(DestinationRule) if _wide(rule, service))]


def _rules(project: Project) -> dict[int, list[DestinationRule]]:
    table: dict[int, list[DestinationRule]] = {}
    for rule in project.all(DestinationRule):
        if rule.host.known:
            for service in resolved(rule.host.text, rule, project)[0]:
                table.setdefault(id(service), []).append(rule)
    return table


def _wide(rule: DestinationRule, service: Service) -> bool:
    """Whether its host is a wildcard that takes in the Service."""
    host = rule.host.text
    if not host.startswith("*"):
        return False
    whole = f"{service.object_name}.{service.namespace or rule.namespace or 'default'}.svc.cluster.local"
    return whole.endswith(host.removeprefix("*"))


def _of_consul(service: Service, project: Project) -> Breaker:
    """In Consul the caller has the breaker: somebody's settings for calls to this service, or to all of them."""
    fields = ("passiveHealthCheck", "limits")
    had: set[str] = set()
    seen: Object | None = None
    for each in project.all(ServiceDefaults):
        for name, node in each.upstreams:
            if name in ("", service.object_name):
                had |= {field for field in fields if node[field].is_mapping and node[field]}
                seen = each
    return Breaker(tuple(field for field in fields if field not in had), seen)


# Encryption


class Encrypted(NamedTuple):
    """The mode that counts for a workload's pods ('' when nothing here says), and where it stands."""

    mode: str
    at: Node | None


def mode_of(workload: Workload, project: Project) -> Encrypted:
    """Istio's mode of mutual TLS for a workload: of its own policy, else its namespace's, else the mesh's."""
    ranked: dict[int, list[PeerAuthentication]] = {0: [], 1: [], 2: []}
    for policy in project.all(PeerAuthentication):
        if not policy.mode.present or policy.mode.text == "UNSET":
            continue
        if policy.namespace == _ROOT_NAMESPACE and policy.selector is None:
            ranked[2].append(policy)
        elif compatible(policy.namespace, workload.namespace):
            if policy.selector is None:
                if rung_of(policy, workload, project.tree.once(builds)) != Rung.REPOSITORY:
                    ranked[1].append(policy)  # else nobody can tell that it is applied where the pods are
            elif policy.selector.matches(workload.pod_labels):
                ranked[0].append(policy)
    for policies in ranked.values():
        if policies:
            weakest = next((each for each in policies if each.mode.text != "STRICT"), policies[0])
            return Encrypted(weakest.mode.text, weakest.mode)
    return Encrypted("", None)
