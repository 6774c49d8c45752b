"""Service meshes (Istio, Linkerd, Consul) and progressive delivery (Argo Rollouts, Flagger), as their objects say."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from gatekeeper.models.kubernetes.network import listed
from gatekeeper.models.kubernetes.objects import Object, learn
from gatekeeper.models.kubernetes.selector import LabelSelector, written
from gatekeeper.node import Node


class Destination(NamedTuple):
    """One place that a route of a VirtualService sends to."""

    host: Node
    subset: Node
    weight: Node
    mirrored: bool = False


class VirtualService(Object):
    """Istio's routes for the traffic to some hosts."""

    @cached_property
    def http(self) -> list[Node]:
        """The HTTP routes that send traffic on. Raises `Unresolved`."""
        return [route for route in listed(self.spec["http"]) if route["route"].is_list]

    @cached_property
    def splits(self) -> list[list[Destination]]:
        """The destinations of each route of any protocol. Raises `Unresolved`."""
        routes = [route for kind in ("http", "tls", "tcp") for route in listed(self.spec[kind])]
        return [[_destination(each) for each in listed(route["route"])] for route in routes]

    @cached_property
    def destinations(self) -> list[Destination]:
        """Every destination, those of mirrored traffic too. Raises `Unresolved`."""
        found = [each for split in self.splits for each in split]
        for route in listed(self.spec["http"]):
            mirrors = [route["mirror"], *(mirror["destination"] for mirror in listed(route["mirrors"]))]
            found += [Destination(each["host"], each["subset"], each["weight"], True) for each in mirrors if each]
        return found


def _destination(route: Node) -> Destination:
    return Destination(route["destination"]["host"], route["destination"]["subset"], route["weight"])


class DestinationRule(Object):
    """What Istio does with the connections to a host: limits, outlier detection, TLS, subsets by labels."""

    @property
    def host(self) -> Node:
        return self.spec["host"]

    @cached_property
    def subsets(self) -> dict[str, Node]:
        """The subsets by name. Raises `Unresolved`."""
        return {written(subset["name"]): subset for subset in listed(self.spec["subsets"])}

    @cached_property
    def policies(self) -> list[Node]:
        """The traffic policies in it: the host's, those of its ports, and those of its subsets. Raises `Unresolved`."""
        main = self.spec["trafficPolicy"]
        subsets = [subset["trafficPolicy"] for subset in self.subsets.values() if subset["trafficPolicy"].present]
        tops = [*([main] if main.present else []), *subsets]
        return [policy for top in tops for policy in (top, *listed(top["portLevelSettings"]))]

    def covered(self, field: str) -> bool:
        """Whether the host, or else every one of its subsets or ports that has a policy, has the field.

        A port or a subset that says nothing of it takes the host's. Raises `Unresolved`.
        """
        main = self.spec["trafficPolicy"]
        if _says(main, field):
            return True
        ports = listed(main["portLevelSettings"])
        if ports and all(_says(port, field) for port in ports):
            return True
        policies = [subset["trafficPolicy"] for subset in self.subsets.values()]
        return bool(policies) and all(_says(policy, field) for policy in policies)


def _says(policy: Node, field: str) -> bool:
    """Whether the field is there and holds something: `outlierDetection: {}` ejects with the proxy's own numbers."""
    node = policy[field]
    return node.is_mapping and (bool(node) or field == "outlierDetection")


class PeerAuthentication(Object):
    """Whether Istio's proxies take plain text: for the mesh, a namespace, or some of its pods."""

    @cached_property
    def selector(self) -> LabelSelector | None:
        """The pods it is about; None for all of the namespace (or of the mesh). Raises `Unresolved`."""
        return LabelSelector.of(self.spec["selector"]) if self.spec["selector"] else None

    @property
    def mode(self) -> Node:
        return self.spec["mtls"]["mode"]

    @property
    def ports(self) -> Iterator[tuple[str, Node]]:
        """The modes of single ports."""
        return ((port, node["mode"]) for port, node in self.spec["portLevelMtls"].items())


class ServiceProfile(Object):
    """Linkerd's routes of a Service, with timeouts and a budget for retries."""


class ServiceDefaults(Object):
    """What Consul does with a service's connections, to it and from it."""

    @cached_property
    def upstreams(self) -> list[tuple[str, Node]]:
        """The settings of the services it calls, '' for the defaults of all of them. Raises `Unresolved`."""
        upstream = self.spec["upstreamConfig"]
        default = [("", upstream["defaults"])] if upstream["defaults"].present else []
        return [*default, *((written(each["name"]), each) for each in listed(upstream["overrides"]))]


class ServiceIntentions(Object):
    """Who may call a service in Consul's mesh."""


class Canary(Object):
    """Flagger's: which workload it brings out step by step, and what it measures on the way."""

    @property
    def target(self) -> tuple[str, str]:
        """Kind and name of the workload."""
        reference = self.spec["targetRef"]
        return written(reference["kind"]) or "Deployment", written(reference["name"])

    @property
    def analysis(self) -> Node:
        """The analysis; `canaryAnalysis` is its older name."""
        return self.spec["analysis"] if self.spec["analysis"].present else self.spec["canaryAnalysis"]


def is_rollout(each: Object) -> bool:
    """Whether it is an Argo Rollout, also one that takes its pods from a Deployment (`workloadRef`)."""
    return each.kind == "Rollout" and each.group == "argoproj.io"


class Analysis(NamedTuple):
    """A template of an analysis that a Rollout names, and whether it is one for the whole cluster."""

    name: Node
    cluster: bool


class Strategy(NamedTuple):
    """How an Argo Rollout brings out a version: `canary`, `blueGreen`, or '' where nobody says."""

    kind: str
    node: Node

    @property
    def steps(self) -> list[Node]:
        return listed(self.node["steps"])

    @property
    def analyses(self) -> list[Analysis]:
        """Every template that it names. Raises `Unresolved`."""
        places = [self.node["analysis"], self.node["prePromotionAnalysis"], self.node["postPromotionAnalysis"]]
        places += [step["analysis"] for step in self.steps]
        places += [each for step in self.steps for each in listed(step["experiment"]["analyses"])]
        return [analysis for place in places for analysis in _templates(place)]

    @property
    def services(self) -> list[Node]:
        """The names of the Services whose selector it changes. Raises `Unresolved`."""
        fields = ("activeService", "previewService") if self.kind == "blueGreen" else ("stableService", "canaryService")
        return [self.node[field] for field in fields if self.node[field].present]

    @property
    def watches(self) -> bool:
        """Whether something is measured before a version is everywhere. Raises `Unresolved`."""
        if self.kind == "blueGreen":
            return self.node["prePromotionAnalysis"].present
        return self.node["analysis"].present or any(
            step["analysis"].present or step["experiment"].present for step in self.steps
        )

    @property
    def asks(self) -> bool:
        """Whether it stops until a person goes on. Raises `Unresolved`."""
        if self.kind == "blueGreen":
            return self.node["autoPromotionEnabled"].text == "false" and not self.node["autoPromotionSeconds"].present
        return any("pause" in step and not step["pause"]["duration"].present for step in self.steps)

    @property
    def waits(self) -> bool:
        """Whether it stops on the way, for a time or until a person goes on. Raises `Unresolved`."""
        if self.kind == "blueGreen":
            promoted = self.node["autoPromotionEnabled"]
            return promoted == False or self.node["autoPromotionSeconds"].present  # noqa: E712  # a node
        return any("pause" in step for step in self.steps)


def _templates(place: Node) -> Iterator[Analysis]:
    for each in (place, *listed(place["templates"])):
        if each["templateName"].present:
            yield Analysis(each["templateName"], each["clusterScope"] == True)  # noqa: E712  # a node
    if place["clusterTemplateName"].present:
        yield Analysis(place["clusterTemplateName"], True)


def strategy_of(rollout: Object) -> Strategy:
    """The strategy of an Argo Rollout."""
    for kind in ("canary", "blueGreen"):
        node = rollout.spec["strategy"][kind]
        if node.present or kind in rollout.spec["strategy"]:
            return Strategy(kind, node)
    return Strategy("", rollout.spec["strategy"])


learn({("networking.istio.io", "VirtualService"): VirtualService})
learn({("networking.istio.io", "DestinationRule"): DestinationRule})
learn({("security.istio.io", "PeerAuthentication"): PeerAuthentication})
learn({("linkerd.io", "ServiceProfile"): ServiceProfile})
learn(
    {
        ("consul.hashicorp.com", kind): made
        for kind, made in (("ServiceDefaults", ServiceDefaults), ("ServiceIntentions", ServiceIntentions))
    }
)
learn({("flagger.app", "Canary"): Canary})
