"""A function of a serverless.yml."""

from __future__ import annotations

from gatekeeper.models import Subject
from gatekeeper.node import Node


class Function(Subject):
    """One entry of `functions`."""

    technology = "serverless"
    example_path = "serverless.yml"

    def __init__(self, node: Node, function: str) -> None:
        super().__init__(node)
        self.function = function

    @property
    def name(self) -> str:
        return f"{self.path}:{self.function}"
