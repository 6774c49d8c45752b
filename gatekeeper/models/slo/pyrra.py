"""What the objectives of Pyrra promise. https://github.com/pyrra-dev/pyrra"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.models.slo import Objective, Pyrra, filled
from gatekeeper.models.slo.targets import Indicator, about, window
from gatekeeper.node import regex

_JOB = regex(r"[{,][ ]{0,8}(?:job|service|app|container)[ ]{0,4}=[ ]{0,4}\"([^\"]{1,100})\"")
_LE = regex(r"\ble[ ]{0,4}=~?[ ]{0,4}\"(\d{1,6}(?:\.\d{1,6})?)\"")


def objectives(subject: Pyrra) -> Iterator[Objective]:
    spec = subject.spec
    target, lasting, said = filled(spec["target"]), filled(spec["window"]), spec["description"]
    number = target.number if target.known else None
    share = None if number is None else round(float(number) / 100, 12)
    kind = subject.indicators[0][0] if len(subject.indicators) == 1 else ""
    words = f"{subject.object_name} {said.text if said.known else ''}"
    metrics = " ".join(node.text for _, held in subject.indicators for node in held.texts())
    named = _JOB.search(metrics)
    indicator, limit = _judged(kind, share, words, metrics)
    yield Objective(
        target if target.present else spec, form="Pyrra", service=named[1] if named else "", sli=subject.object_name,
        indicator=indicator, comparator=">=", limit=limit, quantile=share if indicator == "latency" else None,
        window=window(lasting.text) if lasting.known and lasting.present else None, alerted=_alerts(subject),
        words=words, shown=f"{number:g}%" if number is not None else "",
    )  # fmt: skip


def _judged(kind: str, share: float | None, words: str, metrics: str) -> tuple[Indicator, float | None]:
    if kind in ("latency", "latencyNative"):
        bound = _LE.search(metrics)
        return "latency", float(bound[1]) if bound else None
    if kind == "bool_gauge":
        return "availability", share
    if kind != "ratio" or share is None:
        return "other", None
    said = about(words)
    return ("availability", share) if said == "availability" else ("error", round(1 - share, 12))


def _alerts(subject: Pyrra) -> bool:
    """Whether Pyrra makes its alerts on how fast the budget is used up."""
    settings = subject.spec["alerting"]
    disabled, burning = settings["disabled"], settings["burnrates"]
    off = (disabled.known and disabled.value is True) or (burning.present and burning.known and burning.value is False)
    return not off
