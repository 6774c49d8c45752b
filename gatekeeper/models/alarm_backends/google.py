"""Alert policies of Google Cloud."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gatekeeper.models.alarm_backends.made import MadeAlarm, Spelled, number, quoted, spelled, written
from gatekeeper.models.prometheus import seconds
from gatekeeper.node import Node, regex

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource

_OPERATORS = {
    "COMPARISON_GT": ">", "COMPARISON_GE": ">=", "COMPARISON_LT": "<", "COMPARISON_LE": "<=", "COMPARISON_EQ": "==",
    "COMPARISON_NE": "!=",
}  # fmt: skip
_TYPE = regex(r'metric\.type\s*=\s*"([^"]{1,200})"')
_LABEL = regex(r'(?:metric|resource)\.labels?\.?"?(\w{1,60})"?\s*=\s*"([^"]{1,120})"')
_PERCENTILE = regex(r"(?:ALIGN|REDUCE)_PERCENTILE_(\d{2})\Z")
_SERVICE = {"service_name": "service", "module_id": "service", "backend_service_name": "service", "job_name": "job"}


class AlertPolicy(MadeAlarm):
    """A policy: one condition or several."""

    backend = "google"
    titles = ("display_name",)

    @property
    def spelled(self) -> Spelled | None:
        conditions = [_condition(each) for each in self.resource.blocks("conditions") if each.is_mapping]
        known = [each for each in conditions if each is not None]
        if not known or len(known) < len(conditions):
            return None
        held = known[0].held if len(known) == 1 else None
        return Spelled(" or ".join(f"({each.text})" for each in known), all(each.certain for each in known), held)

    @property
    def summary(self) -> Node | None:
        content = _first(self.node["documentation"])["content"]
        return content if content.present else None


def _first(node: Node) -> Node:
    return node[0] if node.is_list else node


def _condition(node: Node) -> Spelled | None:
    queried = _first(node["condition_prometheus_query_language"])
    if queried.is_mapping:
        query = queried["query"]
        return Spelled(query.text, True, seconds(queried["duration"])) if query.known and query.present else None
    absent = _first(node["condition_absent"])
    if absent.is_mapping:
        return Spelled("absent(up)")
    compared = _first(node["condition_threshold"])
    operator = _OPERATORS.get(written(compared["comparison"])) if compared.is_mapping else None
    measured = _measured(compared) if operator else ""
    if not measured:
        return None
    limit = number(compared["threshold_value"])
    if "check_passed" in measured:  # of an uptime check: how many say so, or the share of them
        return Spelled("probe_success == 0", False)
    text = f"{measured} {operator} {1 if limit is None else limit}"
    return Spelled(text, limit is not None, seconds(compared["duration"]))


def _measured(compared: Node) -> str:
    chosen, by = written(compared["filter"]), written(compared["denominator_filter"])
    top = _metric(chosen, compared["aggregations"])
    bottom = _metric(by, compared["denominator_aggregations"]) if by else ""
    if by and not bottom:
        return ""
    return f"{top} / {bottom}" if bottom and top else top


def _metric(chosen: str, aggregations: Node) -> str:
    kind = _TYPE.search(chosen)
    if not kind:
        return ""
    labels = [f"{_SERVICE.get(key, key)}={quoted(value)}" for key, value in _LABEL.findall(chosen)]
    first = _first(aggregations)
    aligner = written(first["per_series_aligner"])
    reducer = written(first["cross_series_reducer"])
    percentile = _PERCENTILE.match(reducer) or _PERCENTILE.match(aligner)
    if percentile:
        labels.append(f'quantile="0.{percentile[1]}"')
    name = spelled(kind[1].partition("/")[2] or kind[1])
    if name.endswith("latencies"):
        name += "_milliseconds"
    elif name.endswith("utilization"):
        name += "_ratio"
    inner = f"{name}{{{', '.join(labels)}}}"
    return f"rate({inner}[60s])" if aligner in ("ALIGN_RATE", "ALIGN_DELTA") and not percentile else inner


def alarms(resource: Resource) -> Iterator[MadeAlarm]:
    yield AlertPolicy(resource)
