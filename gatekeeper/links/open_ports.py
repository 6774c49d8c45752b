"""What firewalls of every cloud have in common: who may reach which ports, and whether the whole internet may.

A rule about a firewall says which ways in it has, and asks `opened`:

    def nsg_open(group: Resource) -> Iterator[Answer]:
        node = group.node
        ports = listed(node["protocol"], node["destination_port_range"], node["destination_port_ranges"])
        sources = [node["source_address_prefix"], node["source_address_prefixes"]]
        for at, what in opened([Way(sources, ports)], ADMINISTRATION):
            yield Finding(at, f"{group.name} opens {what} to the whole internet")

    between(protocol, first, last)   ports as AWS writes them; protocol -1 means every port
    listed(protocol, *nodes)         ports as texts and lists: 22, "20-25", "*", ["80", "443"]; none written: every port
    Way(ranges, ports, doubts)       one way in; `doubts` are what else decides whether it lets in, where not known
    opened(ways, services)           where the whole internet reaches one of the services, or (`everything`) all ports:
                                     the range that says so, and what it opens, in words. Raises Unresolved, behind
                                     these, where nobody can tell. `services` are names by port.

Which rules let in and which deny, and in which direction, is the caller's to say: only pass on what lets in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.models.address_ranges import is_wide
from gatekeeper.models.terraform.values import Perhaps
from gatekeeper.node import Expression, Node, Unresolved

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource

ADMINISTRATION = {22: "SSH", 3389: "RDP"}
DATABASES = {
    1433: "SQL Server", 1521: "Oracle", 2379: "etcd", 3306: "MySQL", 5432: "PostgreSQL", 5439: "Redshift",
    5984: "CouchDB", 6379: "Redis", 9042: "Cassandra", 9200: "Elasticsearch", 11211: "Memcached", 27017: "MongoDB",
}  # fmt: skip
_EVERY = ("-1", "all")  # protocols that take no ports
_WITH_PORTS = ("tcp", "udp", "6", "17", "sctp", "132", "*", "any", *_EVERY)
_ANYBODY = frozenset(("*", "any", "internet", "all", "0.0.0.0", "::"))  # noqa: S104  # ranges, no sockets
_LAST = 65535


class Ports(NamedTuple):
    """Ports from the first to the last."""

    first: float
    last: float

    @property
    def every(self) -> bool:
        return self.first <= 1 and self.last >= _LAST


EVERY_PORT = Ports(0, _LAST)
NetworkPorts = Ports | Node  # a node is one that is not known


class Way(NamedTuple):
    """A way in: the address ranges it is open to, the ports it leads to, and what else it depends on."""

    ranges: Sequence[Node]
    ports: Iterable[NetworkPorts]
    doubts: Sequence[Node] = ()


def between(protocol: Node, first: Node, last: Node) -> list[NetworkPorts]:
    """The ports from one number to another; every port of a protocol -1, none of one that has no ports."""
    if protocol.known and protocol.text.lower() in _EVERY:
        return [EVERY_PORT]
    if protocol.known and protocol.present and protocol.text.lower() not in _WITH_PORTS:
        return []
    if first.known and not protocol.known and first.number is not None and first.number > max(DATABASES):
        return []
    for node in (protocol, first, last):
        if not node.known:
            return [node]
    low, high = first.number, last.number
    if low is None:
        return []
    return [Ports(low, low if high is None else high)]


def listed(protocol: Node, *written: Node) -> list[NetworkPorts]:
    """The ports that are written as numbers, ranges or lists of them; every port where none is written."""
    if not protocol.known:
        return [protocol]
    if protocol.present and protocol.text.lower() not in _WITH_PORTS:
        return []
    found: list[NetworkPorts] = []
    for node in written:
        if not node.known:
            found.append(node)
        elif node.present:
            for item in node if node.is_list else (node,):
                found += _range(item)
    return found or [EVERY_PORT]


def _range(node: Node) -> list[NetworkPorts]:
    if not node.known:
        return [node]
    text = node.text.strip().lower()
    if text in ("*", "all", "any", "-1"):
        return [EVERY_PORT]
    low, _, high = (part.strip() for part in text.partition("-"))
    if low.isdigit() and (not high or high.isdigit()) and len(low) < 9 and len(high) < 9:
        return [Ports(int(low), int(high or low))]
    words = Expression(text[:40], "is no port that is known here")
    return [Node(words, node.source, node.span, node.key)]


def is_anybody(node: Node) -> bool:
    """Whether an address range is the whole internet, or a part of it that no network of one's own is as large as."""
    text = node.text.strip().lower()
    return text in _ANYBODY or is_wide(text)


def anybody(ranges: Node) -> tuple[Node | None, Node | None]:
    """The range among these that is the whole internet, and what of them is not known."""
    if not ranges.known:
        return None, ranges
    items = list(ranges) if ranges.is_list else [ranges]
    doubt = next((item for item in items if not item.known), None)
    return next((item for item in items if item.known and is_anybody(item)), None), doubt


class Opening(NamedTuple):
    """The range that is the whole internet, and what it reaches, in words."""

    at: Node
    what: str


def opened(ways: Iterable[Way], services: Mapping[int, str], *, everything: bool = True) -> Iterator[Opening]:
    """Where the whole internet reaches one of the services. Raises `Unresolved` when nothing is open for sure, and
    something may be."""
    unknown: Node | None = None
    found = False
    for way in ways:
        doubt = next((node for node in way.doubts if not node.known), None)
        for ports in way.ports:
            what = "" if isinstance(ports, Node) else _named(ports, services, everything)
            if not what and not isinstance(ports, Node):
                continue
            for ranges in way.ranges:
                world, unsure = anybody(ranges)
                if world is not None and what and doubt is None:
                    found = True
                    yield Opening(ranges, what)
                    break
                if world is not None:
                    unknown = ports if isinstance(ports, Node) else doubt
                elif unsure is not None:
                    unknown = unsure
    if not found and unknown is not None and unknown.expression:
        raise Unresolved(unknown, unknown.expression)


def _named(ports: Ports, services: Mapping[int, str], everything: bool) -> str:
    if ports.every:
        return "all ports" if everything else ""
    return " and ".join(name for port, name in services.items() if ports.first <= port <= ports.last)


# security groups of AWS: they have several rules, and other rules ask for them

_GROUPS = {
    "aws_security_group": "ingress",
    "aws_default_security_group": "ingress",
    "aws_security_group_rule": "",
    "aws_vpc_security_group_ingress_rule": "",
}
_RANGES = ("cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6")


def is_ingress(resource: Resource) -> bool:
    """Whether it is a security group of AWS, or a rule of one that lets in."""
    if resource.type == "aws_security_group_rule":
        return resource.node["type"] == "ingress"
    return resource.type in _GROUPS


def ways_in(group: Resource) -> Iterator[Way]:
    """The ways in of a security group of AWS, or of a rule of its own."""
    return _ways(group, _GROUPS[group.type])


def _ways(group: Resource, kind: str) -> Iterator[Way]:
    for node in group.blocks(kind) if kind else [group.node]:
        protocol = node["ip_protocol"] if node["ip_protocol"].present else node["protocol"]
        ranges = [node[name] for name in _RANGES if node[name].present]
        yield Way(ranges, between(protocol, node["from_port"], node["to_port"]), doubts(node))


def doubts(block: Node) -> list[Node]:
    """What decides whether a block is there at all, where that is not known."""
    return [block.doubt] if isinstance(block, Perhaps) else []


_OUT = {
    "aws_security_group": "egress",
    "aws_default_security_group": "egress",
    "aws_security_group_rule": "",
    "aws_vpc_security_group_egress_rule": "",
}


def is_egress(resource: Resource) -> bool:
    """Whether it is a security group of AWS, or a rule of one that lets out."""
    if resource.type == "aws_security_group_rule":
        return resource.node["type"] == "egress"
    return resource.type in _OUT


def ways_out(group: Resource) -> Iterator[Way]:
    """The ways out of a security group of AWS, or of a rule of its own."""
    return _ways(group, _OUT[group.type])


# firewalls of Google Cloud


def ways_through(firewall: Resource) -> Iterator[Way]:
    """The ways in of a firewall of Google Cloud; one that names no source is open to everybody."""
    node = firewall.node
    ranges = node["source_ranges"]
    if not ranges.present:
        if node["source_tags"].present or node["source_service_accounts"].present:
            return
        ranges = Node("0.0.0.0/0", node.source, firewall.span)
    for allow in firewall.blocks("allow"):
        if not allow.known:
            yield Way([ranges], [allow])
        else:
            yield Way([ranges], listed(allow["protocol"], allow["ports"]), doubts(allow))
