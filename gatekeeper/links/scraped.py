"""Whom a Prometheus asks by a list of addresses, and the containers that Compose starts beside it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.models import Subject
from gatekeeper.models.prometheus_server import Server
from gatekeeper.node import Node, regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.compose import Service

_HOST = regex(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,80}[A-Za-z0-9])?")
_ITSELF = frozenset({"localhost", "host"})
_PROMETHEUS = regex(r"prometheus|victoria-?metrics|vmagent|mimir|agent|alloy|collector")


class Asked(NamedTuple):
    """An address that is asked for metrics: a host without a domain, and its port ('' for the usual one)."""

    host: str
    port: str
    node: Node


class Neighbours(NamedTuple):
    """The services that run in one network with the Prometheus, by every name they answer to."""

    server: Service
    by_name: dict[str, Service]


def asked(server: Server) -> Iterator[Asked]:
    """The addresses in its own lists whose host is a name of the network that it runs in."""
    jobs = server.node["scrape_configs"]
    for job in jobs if server.made_by == "prometheus" and jobs.is_list else ():
        rewritten = "__address__" in str([each.value for each in job.texts()]) if job.is_mapping else True
        groups = job["static_configs"]
        for group in groups if groups.is_list and not rewritten else ():
            targets = group["targets"]
            for node in targets if targets.is_list else ():
                address = node.text if node.known else ""
                host, _, port = address.partition("/")[0].partition(":")
                if _HOST.fullmatch(host) and host not in _ITSELF and not host.isdigit():
                    yield Asked(host, port, node)


def neighbours(server: Server, project: Project) -> Neighbours | None:
    """The services of the Compose files that start a Prometheus with this file; None when none does."""
    kind = cast("type[Service] | None", Subject.registry.get("compose.Service"))
    for each in project.all(kind) if kind else ():
        alone = each["network_mode"].present  # it has no network of names
        if each.whole and not alone and _mounts(each, server.path) and _runs_prometheus(each):
            return _beside(each, [other for other in project.all(type(each)) if _same_project(each, other)])
    return None


def _same_project(one: Service, other: Service) -> bool:
    return posixpath.dirname(one.path) == posixpath.dirname(other.path)


def _beside(server: Service, services: list[Service]) -> Neighbours:
    found: dict[str, Service] = {}
    for each in services:
        found.setdefault(each.service_name, each)
        for name in ("container_name", "hostname"):
            if each[name].known and each[name].text:
                found.setdefault(each[name].text, each)
        networks = each["networks"]
        for _, network in networks.items() if networks.known and networks.is_mapping else ():
            for alias in network["aliases"] if network.is_mapping and network["aliases"].is_list else ():
                found.setdefault(alias.text if alias.known else "", each)
    for given, separator, other in _given_names(server):
        known = found.get(given) if separator == ":" else None
        found.setdefault(other if known else given, known or server)
    return Neighbours(server, {name.lower(): each for name, each in reversed(found.items())})


def _given_names(server: Service) -> Iterator[tuple[str, str, str]]:
    """What its own lists add: `links: [orders:o]` another name, `extra_hosts: [db:10.0.0.1]` a machine."""
    for field in ("links", "extra_hosts"):
        listed = server[field]
        texts = [each.text for each in listed if each.known] if listed.is_list else []
        texts += [f"{name}=" for name, _ in listed.items()] if listed.whole and listed.is_mapping else []
        for text in texts:
            name, separator, alias = text.replace("=", ":", 1).partition(":")
            yield name, separator if field == "links" else "=", alias


def answers(host: str, around: Neighbours) -> Service | None:
    """Who answers to a name beside a Prometheus: also to what Compose calls its containers (`shop-orders-1`)."""
    host = host.lower()
    made = _MADE_NAME.fullmatch(host)
    return around.by_name.get(host) or (around.by_name.get(made[1]) if made else None)


_MADE_NAME = regex(r"[a-z0-9]{1,60}[-_]([a-z0-9_-]{1,60})[-_]\d{1,3}")


def apart(one: Service, other: Service) -> bool:
    """Whether two services of Compose are in no network together."""
    ours, theirs = _networks(one), _networks(other)
    return ours is not None and theirs is not None and ours.isdisjoint(theirs)


def _networks(service: Service) -> set[str] | None:
    """The networks that it is in; None where that is not known."""
    listed = service["networks"]
    if service["network_mode"].present or not listed.whole:
        return None
    if not listed.present:
        return {"default"}
    return {name for name, _ in listed.items()} if listed.is_mapping else {each.text for each in listed if each.known}


def _mounts(service: Service, path: str) -> bool:
    """Whether it is given the file, or the folder that it lies in."""
    folder = posixpath.dirname(service.path)
    for volume in service.volumes:
        source = volume["source"] if volume.is_mapping else volume
        if not source.known:
            continue
        local = source.text.partition(":")[0]
        if local.startswith((".", "/")) or "/" in local or local == path:
            mounted = posixpath.normpath(posixpath.join(folder, local.lstrip("/") if local[:1] == "/" else local))
            if path == mounted or (mounted not in (".", folder) and path.startswith(f"{mounted}/")):
                return True
    return False


def _runs_prometheus(service: Service) -> bool:
    image = service.image
    return bool(
        _PROMETHEUS.search(image.text.lower() if image.known else "") or _PROMETHEUS.search(service.service_name)
    )


def shared(around: Neighbours) -> bool:
    """Whether others, who cannot be seen, may be in the network: an external one, what is included."""
    text = around.server.tree.source(around.server.path).text
    return any(words in text for words in ("external:", "include:", "network_mode", "external_links"))


def published_as(service: Service, port: str) -> str:
    """The port inside the container, where `port` is only the one that the machine shows it at; '' otherwise."""
    pairs = [pair for node in (service["ports"] if service["ports"].is_list else ()) for pair in _pairs(node)]
    expose = service["expose"]
    inside = {inner for _, inner in pairs} | {each.text for each in (expose if expose.is_list else ()) if each.known}
    if port in inside:
        return ""
    return next((inner for outer, inner in pairs if outer == port and inner != port), "")


def _pairs(node: Node) -> Iterator[tuple[str, str]]:
    if node.is_mapping:
        if node["published"].known and node["target"].known:
            yield node["published"].text, node["target"].text
    elif node.known:
        outer, _, inner = node.text.partition("/")[0].rpartition(":")
        outer = outer.rpartition(":")[2]
        if outer.isdigit() and inner.isdigit():
            yield outer, inner
