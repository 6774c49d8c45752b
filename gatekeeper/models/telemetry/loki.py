"""Loki: how long it keeps logs."""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.models import Subject
from gatekeeper.models.telemetry.collector import Home
from gatekeeper.models.trial import for_trial
from gatekeeper.node import Node, Span

_SECTIONS = frozenset(
    "schema_config storage_config ingester compactor common ruler table_manager querier frontend auth_enabled server "
    "chunk_store_config distributor query_range memberlist storage commonConfig schemaConfig".split()
)


class LokiConfig(Subject):
    """A configuration of Loki. `merged` says why others may add to it, in words; '' where it is the whole."""

    technology = "telemetry"
    example_path = "loki/loki.yaml"

    def __init__(self, node: Node, home: Home) -> None:
        super().__init__(node)
        self.home = home

    @property
    def name(self) -> str:
        inside = self.home.group.partition("#")[2]
        return f"{self.path}#{inside}" if inside else self.path

    @property
    def span(self) -> Span:
        return self.node["limits_config"].mark if self.node["limits_config"].present else self.node.mark

    @property
    def trial(self) -> bool:
        """Whether its file says of itself that it is for a demonstration, a test or a developer's machine."""
        return for_trial(self.path)

    @property
    def period(self) -> Node:
        """For how long logs are kept, as written."""
        old = self.node["table_manager"]["retention_period"]
        return old if old.present and not self._limit.present else self._limit

    @property
    def _limit(self) -> Node:
        return self.node["limits_config"]["retention_period"]

    @property
    def enabled(self) -> Node:
        """Whether what is older is deleted."""
        old = self.node["table_manager"]["retention_deletes_enabled"]
        new = self.node["compactor"]["retention_enabled"]
        return old if old.present and not new.present else new

    @property
    def by_stream(self) -> bool:
        """Whether some logs have a time of their own."""
        streams = self.node["limits_config"]["retention_stream"]
        return streams.present and not (streams.is_list and not list(streams))


def of_mapping(node: Node, home: Home) -> Iterator[LokiConfig]:
    """The configuration that a mapping holds: limits or a compactor, beside another section of Loki's."""
    kept = node["limits_config"].is_mapping or "retention_enabled" in node["compactor"]
    if kept and sum(1 for key, _ in node.items() if key in _SECTIONS and key != "compactor") >= 1:
        yield LokiConfig(node, home)
