"""Monitors of Datadog."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gatekeeper.models.alarm_backends.made import (
    MadeAlarm,
    Spelled,
    number,
    quoted,
    spelled,
    without_templates,
    written,
)
from gatekeeper.models.signals import words
from gatekeeper.node import Node, regex

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource

_OVER = regex(r"\s*\w{0,40}\(\s*(?:last_(\d{1,4})(mo|[mhdw]))?[^():]{0,40}\)\s*:")
_COMPARED = regex(r"(>=|<=|>|<|==)\s*(-?\d{1,15}(?:\.\d{1,9})?)?\s*\Z")
_METRIC = regex(
    r"(?:\b(avg|sum|min|max|count|p\d{2,3}):)?\b([a-zA-Z][\w]{0,60}(?:\.[\w*]{1,80}){1,12})"
    r"(?:\{([^{}]{0,500})\})?(?:\s*by\s*\{[^{}]{0,200}\})?((?:\.[a-z_]{1,30}\([^()]{0,80}\)){0,6})"
)
_TAG = regex(r"(?:^|[,\s])([a-zA-Z][\w.-]{0,60}):([^,\s{}!*]{1,120})(?=$|[,\s])")
_WRAPPED = regex(r"\b(?:default_zero|ewma_\d{1,2}|exclude_null|abs)\(")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800, "mo": 2_592_000}
_OTHER_CHECKS = frozenset(["job", "cronjob", "pressure", "disk", "ntp", "cert", "certificate", "tls"])
_HEREDOC = regex(r"<<-?[A-Z_]{1,40}\n|\n[ \t]{0,80}[A-Z_]{1,40}\Z")


class DatadogMonitor(MadeAlarm):
    """A monitor of Datadog."""

    backend = "datadog"
    titles = ("name",)
    summaries = ("message",)
    severities = ("priority",)

    @property
    def spelled(self) -> Spelled | None:
        kind = written(self.node["type"])
        if kind == "service check":
            other = not _OTHER_CHECKS.isdisjoint(words(self.said("query")))
            return None if other else Spelled("up == 0", False)
        text = _HEREDOC.sub(" ", self.said("query").strip()).strip().strip('"')
        if kind == "log alert" or text.startswith("logs("):
            return None
        return _spelled(text, self._threshold) if text else None

    @property
    def burn_rate(self) -> bool:
        return written(self.node["type"]) == "slo alert"

    @property
    def _threshold(self) -> float | None:
        block = next(iter(self.resource.blocks("monitor_thresholds")), None)
        return number(block["critical"]) if block is not None and block.is_mapping else None

    @property
    def condition(self) -> Node:
        return self.node["query"]

    @property
    def services(self) -> frozenset[str]:
        """The tags of its query, and its own; `*` where some are filled in later."""
        own = self.node["tags"]
        tags = [each.text for each in own if each.known] if own.is_list else []
        query = self.node["query"]
        named = {value for tag in tags for key, value in _TAG.findall(tag) if key in ("service", "app")}
        return self._meaning.services | named | ({"*"} if query.expression else set())


def _spelled(text: str, threshold: float | None) -> Spelled | None:
    bare = without_templates(text)
    over = _OVER.match(bare)
    if not over:
        return None
    window = int(over[1]) * _SECONDS[over[2]] if over[1] else 300
    bare = _WRAPPED.sub("(", bare[over.end() :]).replace("default(", "clamp_min(").strip()
    compared = _COMPARED.search(bare)
    if not compared:
        return None
    limit = float(compared[2]) if compared[2] else threshold
    measured = _METRIC.sub(lambda found: _metric(found, window), bare[: compared.start()])
    return Spelled(
        f"({measured}) {compared[1]} {1 if limit is None else limit}", limit is not None and "${" not in text
    )


def _metric(found: re.Match[str], window: int) -> str:
    how, name, tags, methods = found[1] or "", found[2], found[3] or "", found[4] or ""
    chosen = [f"{spelled(key)}={quoted(value)}" for key, value in _TAG.findall(tags)]
    if how.startswith("p"):
        chosen.append(f'quantile="0.{how[1:]}"')
        if name.startswith("trace."):
            name = f"{name}.duration.seconds"
    elif name.startswith("trace.") and name.endswith(".duration"):
        name = f"{name}.seconds"
    inner = f"{spelled(name)}{{{', '.join(chosen)}}}"
    if ".as_count(" in methods:
        return f"increase({inner}[{window}s])"
    return f"rate({inner}[{window}s])" if ".as_rate(" in methods else inner


def alarms(resource: Resource) -> Iterator[MadeAlarm]:
    yield DatadogMonitor(resource) if resource.type == "datadog_monitor" else MadeAlarm(resource)
