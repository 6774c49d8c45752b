"""What lets traffic in and keeps it apart: network policies, Ingresses, routes and gateways of the Gateway API."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from gatekeeper.models.kubernetes.objects import Object, learn
from gatekeeper.models.kubernetes.selector import LabelSelector, Requirement, written
from gatekeeper.node import Node, regex

_CALICO_EQUAL = regex(r"([\w./-]{1,200})\s{0,4}==\s{0,4}['\"]([^'\"]{0,200})['\"]\Z")


def listed(node: Node) -> list[Node]:
    """The items of a list that are mappings; nothing for anything else. Raises `Unresolved`."""
    return [item for item in node if item.is_mapping]


class NetworkPolicy(Object):
    """A policy about the connections of pods: the API's own, Cilium's or Calico's."""

    @property
    def native(self) -> bool:
        """Whether it is the API's own: a list of who may, and of whom it says nothing may not."""
        return self.group in ("networking.k8s.io", "extensions")

    @property
    def of_the_cluster(self) -> bool:
        return self.kind in ("CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy")

    @cached_property
    def selectors(self) -> list[LabelSelector | None]:
        """Whose connections it is about; None where that is written in a way that is not read. Raises `Unresolved`."""
        if self.native:
            return [LabelSelector.of(self.spec["podSelector"])]
        if self.group == "cilium.io":
            specs = [self.spec, *self.node["specs"]]
            return [_cilium(spec["endpointSelector"]) for spec in specs if spec["endpointSelector"].present]
        return [_calico(written(self.spec["selector"]))]

    def peers(self, direction: str) -> Iterator[Node]:
        """The entries of `from` (of `ingress`) or `to` (of `egress`) of the API's own policy. Raises `Unresolved`."""
        for rule in listed(self.spec[direction]):
            yield from listed(rule["from" if direction == "ingress" else "to"])


def _cilium(node: Node) -> LabelSelector:
    found = LabelSelector.of(node)
    bare = tuple(each._replace(key=each.key.removeprefix("k8s:").removeprefix("any:")) for each in found.requirements)
    return found._replace(requirements=bare)


def _calico(text: str) -> LabelSelector | None:
    """Calico's own language, as far as it says that labels have values."""
    if text.strip() in ("", "all()"):
        return LabelSelector()
    terms = [_CALICO_EQUAL.match(term.strip()) for term in text.split("&&")]
    if not all(terms):
        return None
    return LabelSelector(tuple(Requirement(term[1], "In", frozenset({term[2]})) for term in terms if term))


class Backend(NamedTuple):
    """Where a rule sends traffic: a Service's name, its namespace ('' for that of the rule), and its port."""

    service: str
    namespace: str
    port: Node
    node: Node


class Inlet(Object):
    """What takes traffic in: an Ingress, a Gateway, or a route that says where a Gateway's traffic goes."""

    @property
    def ingress(self) -> bool:
        return self.kind == "Ingress"

    @cached_property
    def backends(self) -> list[Backend]:
        """The Services that it names. Raises `Unresolved`."""
        return [*(self._of_ingress() if self.ingress else self._of_route())]

    @cached_property
    def listeners(self) -> list[Node]:
        """The listeners of a Gateway, or the servers of Istio's. Raises `Unresolved`."""
        return listed(self.spec["servers" if self.group == "networking.istio.io" else "listeners"])

    def _of_ingress(self) -> Iterator[Backend]:
        default = self.spec["defaultBackend"] if self.spec["defaultBackend"].present else self.spec["backend"]
        rules = [path["backend"] for rule in listed(self.spec["rules"]) for path in listed(rule["http"]["paths"])]
        for node in (default, *rules):
            service = node["service"]
            if service.is_mapping:
                port = service["port"]["number"]
                port = port if port.present else service["port"]["name"]
                yield Backend(written(service["name"]), "", port, service["name"])
            elif node["serviceName"].present:
                yield Backend(written(node["serviceName"]), "", node["servicePort"], node["serviceName"])

    def _of_route(self) -> Iterator[Backend]:
        for rule in listed(self.spec["rules"]):
            for node in listed(rule["backendRefs"]):
                if written(node["kind"]) in ("", "Service") and not written(node["group"]):
                    yield Backend(written(node["name"]), written(node["namespace"]), node["port"], node["name"])


_GATEWAY_API = "gateway.networking.k8s.io"
ROUTES = ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute")

learn({("networking.k8s.io", "NetworkPolicy"): NetworkPolicy, ("extensions", "NetworkPolicy"): NetworkPolicy})
learn({("cilium.io", kind): NetworkPolicy for kind in ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")})
for _group in ("projectcalico.org", "crd.projectcalico.org"):
    learn({(_group, kind): NetworkPolicy for kind in ("NetworkPolicy", "GlobalNetworkPolicy")})
learn({(group, "Ingress"): Inlet for group in ("networking.k8s.io", "extensions")})
learn({(_GATEWAY_API, kind): Inlet for kind in (*ROUTES, "Gateway")})
learn({("networking.istio.io", "Gateway"): Inlet})
