"""A service of a compose file."""

from __future__ import annotations

from gatekeeper.models import Subject
from gatekeeper.node import Node


class Service(Subject):
    """One entry of `services`."""

    technology = "compose"
    example_path = "compose.yaml"

    def __init__(self, node: Node, service: str) -> None:
        super().__init__(node)
        self.service = service

    @property
    def name(self) -> str:
        return f"{self.path}:{self.service}"
