"""What the SLOs of OpenSLO promise. https://github.com/OpenSLO/OpenSLO"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.models.slo import Objective, OpenSlo, filled
from gatekeeper.models.slo.targets import Indicator, about, window
from gatekeeper.node import Node


def objectives(subject: OpenSlo) -> Iterator[Objective]:
    """The objectives of an SLO; nothing for the other kinds."""
    listed = subject.spec["objectives"]
    if subject.kind != "SLO" or not listed.is_list:
        return
    for each in listed:
        if each.is_mapping:
            yield _objective(subject, each)


def _objective(subject: OpenSlo, each: Node) -> Objective:
    spec = subject.spec
    service, display = filled(spec["service"]), filled(subject.node["metadata"]["displayName"])
    target, share = share_of(each)
    words = " ".join(
        node.text
        for node in (subject.node["metadata"]["name"], display, spec["indicator"]["metadata"]["name"],
                     spec["indicatorRef"], spec["description"], each["displayName"])
        if node.known
    )  # fmt: skip
    indicator, limit = judged(about(words), share)
    policies = spec["alertPolicies"]
    return Objective(
        target if target.present else each, form="OpenSLO", service=service.text if service.known else "",
        sli=(display.text if display.known else "") or subject.object_name, indicator=indicator, comparator=">=",
        limit=limit, window=_window(spec), alerted=policies.is_list and any(True for _ in policies), words=words,
        shown=f"{share:.6g}" if share is not None else "",
    )  # fmt: skip


def share_of(each: Node) -> tuple[Node, float | None]:
    """The target of an objective, and the ratio that it comes to; None where that is not known or none at all."""
    for name, whole in (("target", 1), ("targetPercent", 100)):
        node = filled(each[name])
        if node.present:
            number = node.number if node.known else None
            return node, None if number is None else round(float(number) / whole, 12)
    return each["target"], None


def judged(indicator: Indicator, share: float | None) -> tuple[Indicator, float | None]:
    """An objective over a ratio of events, in our terms. One of a latency has no bound that could be compared here:
    the share says how many are fast enough."""
    if share is None or indicator in ("latency", "other"):
        return indicator, None
    return indicator, round(1 - share, 12) if indicator == "error" else share


def _window(spec: Node) -> float | None:
    listed = spec["timeWindow"]
    first = listed[0]["duration"] if listed.is_list else listed["duration"]
    first = filled(first)
    return window(first.text) if first.known and first.present else None
