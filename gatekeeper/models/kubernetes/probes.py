"""Probes: what they ask, and how long it must fail before something happens."""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.models.kubernetes.objects import Container
from gatekeeper.node import Node

FIELDS = ("livenessProbe", "readinessProbe", "startupProbe")


class Probe(NamedTuple):
    """One probe of a container. What it says may not be known: its properties raise `Unresolved`."""

    node: Node
    container: Container

    @property
    def port(self) -> Node | None:
        """The port it asks, of its own pod; None where it asks none, or another host's."""
        for handler in ("httpGet", "tcpSocket", "grpc"):
            asked = self.node[handler]
            if asked.present:
                return None if asked["host"].present else asked["port"]
        return None

    @property
    def asks(self) -> bool:
        """Whether it says what to ask: the API refuses a probe that does not."""
        if any(self.node[handler].present for handler in ("httpGet", "tcpSocket", "grpc")):
            return True
        command = self.node["exec"]["command"]
        return command.present and (not command.known or (command.is_list and len(command) > 0))

    @property
    def handler(self) -> tuple[object, ...]:
        """What it asks, in a form that is equal for two probes that ask the same; empty where it asks nothing."""
        http, socket, grpc, command = (self.node[name] for name in ("httpGet", "tcpSocket", "grpc", "exec"))
        if http.present:
            scheme, path = http["scheme"].text.upper() or "HTTP", http["path"].text or "/"
            return "httpGet", scheme, http["host"].text, path, self._number(http["port"])
        if socket.present:
            return "tcpSocket", socket["host"].text, self._number(socket["port"])
        if grpc.present:
            return "grpc", grpc["service"].text, self._number(grpc["port"])
        return ("exec", *(word.text for word in command["command"])) if command.present else ()

    @property
    def window(self) -> float:
        """For how many seconds it must fail before it counts as failed."""
        return (self.node["periodSeconds"].number or 10) * (self.node["failureThreshold"].number or 3)

    def _number(self, port: Node) -> str:
        """A port by its number, also where it is written by its name."""
        named = (each.number for each in self.container.ports if each.name == port.text)
        return str(next((number for number in named if number is not None), port.text))


def probe(container: Container, field: str) -> Probe | None:
    """The container's probe of that field (livenessProbe, readinessProbe, startupProbe), where it has one."""
    node = container.node[field]
    return Probe(node, container) if node.present else None


def share_handler(container: Container) -> bool:
    """Whether its liveness and its readiness probe ask the same. Raises `Unresolved`."""
    live, ready = (probe(container, field) for field in FIELDS[:2])
    return live is not None and ready is not None and live.handler == ready.handler != ()
