"""What the objectives that Terraform makes promise: of Datadog, New Relic, Google Cloud and CloudWatch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gatekeeper.models.slo import Objective
from gatekeeper.models.slo.openslo import judged
from gatekeeper.models.slo.targets import about
from gatekeeper.node import Node, Unresolved

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Repeated, Resource

_DAY = 86_400.0
_TAG = ("service:", "service=", "app:", "application:")


def objectives(resource: Resource, alerted: bool) -> Iterator[Objective]:
    """The objectives that a resource makes, each of its instances by itself."""
    writer = WRITERS.get(resource.type)
    for each in (resource.instances or [resource]) if writer else ():
        yield from _of(each, resource, alerted)


def _of(each: Repeated, resource: Resource, alerted: bool) -> Iterator[Objective]:
    for target, whole, window in WRITERS[resource.type](each):
        number = target.number if target.known else None
        share = None if number is None else round(float(number) / whole, 12)
        named = _first(each, "name", "display_name", "slo_id") or resource.label
        words = " ".join([named, resource.label.replace("_", " "), _first(each, "description")])
        indicator, limit = judged(about(words), share)
        yield Objective(
            target if target.present else Node(None, resource.node.source, resource.span), form="Terraform",
            service=_service(each), sli=named, indicator=indicator, comparator=">=", limit=limit, window=window,
            alerted=alerted, words=words, shown=f"{number:g}" if number is not None else "",
        )  # fmt: skip


def _first(each: Repeated, *names: str) -> str:
    for name in names:
        node = each.node[name]
        if node.known and isinstance(node.value, str) and node.value.strip():
            return str(node.value).strip()
    return ""


def _service(each: Repeated) -> str:
    """The service that it is tagged with, or that it names."""
    tags = each.node["tags"]
    for tag in tags if tags.known and tags.is_list else ():
        if tag.known and isinstance(tag.value, str) and tag.value.startswith(_TAG):
            return str(tag.value)[len(next(start for start in _TAG if tag.value.startswith(start))) :]
    return ""


def _of_datadog(each: Repeated) -> Iterator[tuple[Node, float, float | None]]:
    for block in each.blocks("thresholds"):
        frame = block["timeframe"]
        days = frame.text.rstrip("d") if frame.known else ""
        yield block["target"], 100, float(days) * _DAY if days.isdigit() else None


def _of_newrelic(each: Repeated) -> Iterator[tuple[Node, float, float | None]]:
    for block in each.blocks("objective"):
        yield block["target"], 100, None


def _of_google(each: Repeated) -> Iterator[tuple[Node, float, float | None]]:
    days = each.node["rolling_period_days"]
    try:
        number = days.number
    except Unresolved:
        number = None
    yield each.node["goal"], 1, float(number) * _DAY if number else None


def _of_cloudwatch(each: Repeated) -> Iterator[tuple[Node, float, float | None]]:
    for block in each.blocks("goal"):
        yield block["attainment_goal"], 100, None


WRITERS = {
    "datadog_service_level_objective": _of_datadog,
    "newrelic_service_level": _of_newrelic,
    "google_monitoring_slo": _of_google,
    "aws_applicationsignals_service_level_objective": _of_cloudwatch,
}
