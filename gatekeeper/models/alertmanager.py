"""Routing trees: Alertmanager's file, also in Secrets and values of charts, AlertmanagerConfig, policies of Grafana.

A route is taken by its matchers, the first that fits unless `continue` goes on to the next; what no child takes stays
with the parent. https://prometheus.io/docs/alerting/latest/configuration/#route
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from gatekeeper.discover import Tree
from gatekeeper.models import Subject
from gatekeeper.models.prometheus import embedded, written
from gatekeeper.node import Fault, Node, Source, Span, regex
from gatekeeper.parsers import yaml

_DEPTH = 40  # of routes within routes
_EMBEDDED = regex(r"""^["']?route["']?[ \t]*:""", 8)  # in a text on several lines
_DROPS = regex(
    r"(?:.*[-_/. ])?(?:null|none|no-?op|black-?hole|void|dev-?null|drop|dropped|silence[dr]?|ignore[dr]?|discard|nobody"
    r"|empty|dead-?end|blank|info|watchdog|deadman.*|heartbeat)(?:[-_/. ](?:receiver|route))?\Z",
    2,
)  # fmt: skip


class Receiver(NamedTuple):
    """A receiver: what it sends to (`slack`, `pagerduty`), nothing when it tells nobody; `node` is None when the tree
    names one that is not declared. Of its integrations, those to `fill_in` have an address that stands for another."""

    name: str
    integrations: tuple[str, ...]
    node: Node | None
    fill_in: tuple[str, ...] = ()

    @property
    def drops(self) -> bool:
        """Whether it is called what a receiver is called that is meant to tell nobody."""
        return _DROPS.match(self.name) is not None


class Contact(Subject):
    """A contact point of Grafana, declared in a file."""

    technology = "grafana"
    example_path = "grafana/provisioning/alerting/contact-points.yaml"

    @property
    def name(self) -> str:
        return written(self.node["name"])

    @property
    def receiver(self) -> Receiver:
        listed = self.node["receivers"]
        items = [each for each in listed if each.is_mapping and written(each["type"])] if listed.is_list else []
        found = [(written(each["type"]), _address(written(each["type"]), each["settings"])) for each in items]
        return _receiver(self.name, found, self.node["name"])


class RoutingTree(Subject):
    """A routing tree and its receivers. `scoped` when it is asked for the alerts of one namespace alone."""

    technology = "prometheus"
    example_path = "alertmanager.yml"
    grafana = False

    def __init__(self, node: Node, namespace: str = "") -> None:
        super().__init__(node)
        self.namespace = namespace  # of the AlertmanagerConfig that it is

    @property
    def name(self) -> str:
        return f"{self.path}:route"

    @property
    def span(self) -> Span:
        return self.route.mark

    @property
    def route(self) -> Node:
        return self.node["route"]

    @cached_property
    def receivers(self) -> dict[str, Receiver]:
        found = {}
        for each in self.node["receivers"]:
            name = written(each["name"]) if each.is_mapping else ""
            if name:
                found[name] = _receiver(name, list(_integrations(each, self.node["global"])), each["name"])
        return found

    @cached_property
    def always(self) -> frozenset[str]:
        """The names of its intervals that are all of the time."""
        keys = ("time_intervals", "mute_time_intervals", "muteTimeIntervals")
        listed = [each for key in keys if self.node[key].is_list for each in self.node[key] if each.is_mapping]
        return frozenset(written(each["name"]) for each in listed if _is_always(each))

    def mutes(self, route: Node) -> bool:
        """Whether what a route sends is muted all the time."""
        names = next((route[key] for key in ("mute_time_intervals", "muteTimeIntervals") if route[key].is_list), None)
        return names is not None and any(each.known and each.text in self.always for each in names)

    @cached_property
    def scoped(self) -> bool:
        # An AlertmanagerConfig (in camel case) takes alerts of its own namespace, unless the operator is told else.
        keys = (key for each in self.node["receivers"] if each.is_mapping for key, _ in each.items())
        objects = any(matcher.is_mapping for matcher in matchers(self.route))
        return objects or "groupBy" in self.route or any(key.endswith("Configs") for key in keys)

    @property
    def whole(self) -> bool:
        """Whether all of its receivers are known: none stands in a list that is filled in later."""
        listed = self.node["receivers"]
        return listed.known and all(each.known and each["name"].known for each in listed)

    def named(self) -> Iterator[Node]:
        """Where each route names its receiver."""
        return (route["receiver"] for route in self.routes() if route["receiver"].present)

    def routes(self) -> Iterator[Node]:
        """Every route, those above first."""
        stack = [(self.route, 0)]
        while stack:
            route, depth = stack.pop()
            yield route
            if route["routes"].is_list and depth < _DEPTH:
                stack.extend((child, depth + 1) for child in reversed(list(route["routes"])) if child.is_mapping)


class GrafanaPolicies(RoutingTree):
    """The notification policies of Grafana, whose contact points may stand in other files."""

    technology = "grafana"
    example_path = "grafana/provisioning/alerting/policies.yaml"
    grafana = True
    scoped = False  # it takes all that Grafana itself evaluates

    @property
    def route(self) -> Node:
        return self.node

    @cached_property
    def receivers(self) -> dict[str, Receiver]:
        return {}

    @property
    def whole(self) -> bool:
        return False  # contact points may also be made by hand


def matchers(route: Node, side: str = "") -> list[Node]:
    """The matchers of a route, or of one `side` of a rule that inhibits."""
    listed = route[f"{side}matchers"] if route[f"{side}matchers"].present else route["object_matchers"]
    return list(listed) if listed.is_list else []


def _receiver(name: str, found: list[tuple[str, str | None]], node: Node) -> Receiver:
    """A receiver by its integrations and their addresses: '' where there is none, None where it is not asked."""
    kinds = tuple(dict.fromkeys(kind for kind, address in found if address != ""))
    real = {kind for kind, address in found if address is None or (address and not _STANDS_IN.search(address))}
    return Receiver(name, kinds, node, tuple(kind for kind in kinds if kind not in real))


def _integrations(receiver: Node, common: Node) -> Iterator[tuple[str, str | None]]:
    for key, value in receiver.items():
        name = key.removesuffix("_configs").removesuffix("Configs")
        if name == key:
            continue
        if not value.known:
            yield name, None
        for each in value if value.known and value.is_list else ():
            yield name, _address(name, each, common)


def _address(kind: str, settings: Node, common: Node | None = None) -> str | None:
    """Where an integration sends to, as written; '' where nothing says so; None where it need not, or is not known."""
    keys = _ADDRESSES.get(kind, ())
    if not settings.known or not (keys or kind == "slack"):
        return None
    if kind == "slack":
        said = (settings["api_url"], *([common["slack_api_url"]] if common is not None else ()))
        return next((each.text for each in said if each.known and each.present), None)
    if not settings.is_mapping:
        return ""
    said = tuple(settings[key] for key in keys if settings[key].present)
    if any(not each.known or not isinstance(each.value, str) for each in said):
        return None  # filled in later, or a reference to a Secret
    return next((each.text.strip() for each in said if each.text.strip()), "")


# Without one of these Alertmanager does not start, and no server has a default for all.
_ADDRESSES = {
    "webhook": ("url", "url_file", "urlSecret"),
    "email": ("to", "addresses"),
    "pagerduty": ("routing_key", "routing_key_file", "service_key", "service_key_file", "routingKey", "serviceKey",
                  "integrationKey"),
    "discord": ("webhook_url", "webhook_url_file", "apiURL", "url"),
    "msteams": ("webhook_url", "webhook_url_file", "webhookUrl", "url"),
    "msteamsv2": ("webhook_url", "webhook_url_file", "webhookUrl"),
}  # fmt: skip
_STANDS_IN = regex(
    r"<[^<>]{0,80}>|//(?:www\.)?example\.(?:com|org|net)\b|change[-_ ]?me|replace[-_ ]?me|\byour[-_ ]|\bx{3,}\b"
    r"|\btodo\b|\bplaceholder\b|\bdummy\b|/T0+/B0+/", 2
)  # fmt: skip
_FULL = frozenset("sunday:saturday 1:31 1:-1 january:december 1:12".split())


def _is_always(interval: Node) -> bool:
    listed = next((interval[key] for key in ("time_intervals", "timeIntervals") if interval[key].is_list), None)
    return listed is not None and any(each.is_mapping and _is_whole(each) for each in listed)


def _is_whole(span: Node) -> bool:
    """Whether a span of time leaves out no minute of any week."""
    for key, ranges in span.items():
        if key != "location" and not (ranges.is_list and any(map(_is_full, ranges))):
            return False
    return True


def _is_full(part: Node) -> bool:
    if not part.known or not part.is_mapping:
        return part.known and part.text.strip().lower() in _FULL
    first, last = (written(part[f"{one}_time"]) or written(part[f"{one}Time"]) for one in ("start", "end"))
    return (first, last) == ("00:00", "24:00")


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The routing trees of a file, also those that a Secret or a ConfigMap carries as text."""
    spaces: dict[int, str] = {}
    for document in source.once(yaml.parse).nodes:
        for node in document.walk():
            if not node.is_mapping:
                continue
            if node["kind"].known and node["kind"].value == "AlertmanagerConfig":
                spaces[id(node["spec"])] = written(node["metadata"]["namespace"])
            yield from _of(node, spaces.get(id(node), ""))


def _of(node: Node, namespace: str) -> Iterator[Subject | Fault]:
    if node["route"].is_mapping and node["receivers"].is_list:
        yield RoutingTree(node, namespace)
    elif node["kind"].known and node["kind"].value in ("Secret", "ConfigMap"):
        for field in ("stringData", "data"):
            for _, text in node[field].items() if node[field].known and node[field].is_mapping else ():
                if text.known and isinstance(text.value, str) and _EMBEDDED.search(text.value):
                    yield from _carried(text)
    elif node["contactPoints"].is_list:
        yield from (Contact(each) for each in node["contactPoints"] if each.is_mapping and each["name"].present)
    elif node["policies"].is_list:
        yield from (GrafanaPolicies(each) for each in node["policies"] if each.is_mapping and each["receiver"].present)


def _carried(text: Node) -> Iterator[Subject | Fault]:
    documents = embedded(text)
    for root in documents.nodes:
        for node in root.walk():
            if node.is_mapping and node["route"].is_mapping and node["receivers"].is_list:
                yield RoutingTree(node)
    for fault in documents.faults:
        yield Fault(text.source, fault.span, fault.message, fault.reason, "prometheus")
