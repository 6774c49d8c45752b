"""Alert conditions of New Relic: what a NRQL query selects, and how it is compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gatekeeper.models.alarm_backends.made import MadeAlarm, Spelled, number, spelled, without_templates, written
from gatekeeper.node import Node, regex

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource

_OPERATORS = {
    "above": ">", "above_or_equals": ">=", "below": "<", "below_or_equals": "<=", "equals": "==", "not_equals": "!=",
}  # fmt: skip
_SELECT = regex(r"\s*SELECT\s+(.{1,500}?)\s+FROM\s+([\w, ]{1,100}?)(?:\s+WHERE\s+(.{0,1000}))?\Z", re.I | re.S)
_NAMED = regex(r"(?:appName|service\.name|entity\.name|`service\.name`)\s*=\s*'([^']{1,120})'", re.I)
_FAILED = regex(r"\berror\b|\bfail|>=?\s*(?:499|500)|like\s+'5%'|5\d\d", re.I)
_SHARE = regex(
    r"\s*percentage\s*\(\s*count\s*\(\s*\*\s*\)\s*,\s*WHERE\s+(.{1,300})\)\s*(?:as\s+.{1,60})?\Z", re.I | re.S
)
_PERCENTILE = regex(
    r"\s*percentile\s*\(\s*([\w.`]{1,80})\s*,\s*(\d{1,2}(?:\.\d{1,3})?)\s*\)\s*(?:as\s+.{1,60})?\Z", re.I
)
_FIGURE = regex(r"\s*(?:average|max|min|latest|sum)\s*\(\s*([\w.`]{1,80})\s*\)\s*(?:as\s+.{1,60})?\Z", re.I)
_COUNT = regex(r"\s*(?:count|rate\s*\(\s*count)\s*\(\s*\*\s*\)(?:\s*,[^()]{1,30}\))?\s*(?:as\s+.{1,60})?\Z", re.I)
_FACET = regex(r"\b(?:FACET|TIMESERIES|SINCE|LIMIT)\b.*\Z", re.I | re.S)


class NrqlCondition(MadeAlarm):
    """A condition on a NRQL query."""

    backend = "newrelic"
    titles = ("name",)

    @property
    def spelled(self) -> Spelled | None:
        critical = next((each for each in self.resource.blocks("critical") if each.is_mapping), None)
        query = self._query
        if critical is None or query is None:
            return None
        operator = _OPERATORS.get(written(critical["operator"]).lower())
        measured = _measured(without_templates(self.said("nrql.query")).strip().strip('"'))
        if not operator or not measured:
            return None
        limit = number(critical["threshold"])
        text = f"{measured} {operator} {1 if limit is None else limit}"
        return Spelled(text, limit is not None and query.known, number(critical["threshold_duration"]))

    @property
    def _query(self) -> Node | None:
        block = next((each for each in self.resource.blocks("nrql") if each.is_mapping), None)
        return block["query"] if block is not None and block["query"].present else None

    @property
    def condition(self) -> Node:
        return self._query or self.node

    @property
    def services(self) -> frozenset[str]:
        query = self._query
        named = frozenset(_NAMED.findall(written(query))) if query is not None else frozenset()
        return named | ({"*"} if query is not None and query.expression else frozenset())

    @property
    def runbook(self) -> Node | None:
        return self.node["runbook_url"] if self.node["runbook_url"].present else super().runbook


def _measured(query: str) -> str:
    """What a query selects, as PromQL; '' where that is not one of the shapes that are read."""
    found = _SELECT.match(_FACET.sub("", query.strip()[:3000]).strip())
    if not found:
        return ""
    chosen, kind, where = found[1], found[2].strip(), found[3] or ""
    share = _SHARE.match(chosen)
    if share:
        return "error_percent" if _FAILED.search(share[1]) else ""
    percentile = _PERCENTILE.match(chosen)
    figure = percentile or _FIGURE.match(chosen)
    if figure:
        name = figure[1].strip("`")
        named = f"{name}.seconds" if name == "duration" and kind in ("Transaction", "Span", "PageView") else name
        return f'{spelled(named)}{{quantile="{float(percentile[2]) / 100:g}"}}' if percentile else spelled(named)
    if _COUNT.match(chosen):
        failed = kind.endswith("Error") or _FAILED.search(where)
        if failed:
            return "increase(errors[60s])"
        return "increase(requests[60s])" if kind == "Transaction" and not where.count(" AND ") else ""
    return ""


def alarms(resource: Resource) -> Iterator[MadeAlarm]:
    yield NrqlCondition(resource) if resource.type == "newrelic_nrql_alert_condition" else MadeAlarm(resource)
