"""k6's end-of-test summary, in two forms (https://grafana.com/docs/k6/latest/results-output/end-of-test/).

`--summary-export` puts the values of a metric beside each other, and says of a threshold whether it was crossed: true
is a failure (https://github.com/grafana/k6/issues/1498). What `handleSummary` is given keeps the values under `values`,
and says `{"ok": true}` of a threshold that held. In both, one on a metric without a sample holds: it proves nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import msgspec

from gatekeeper.models.evidence import json_text
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Facts, LoadTest, Threshold

_KEYS = {"metrics", "root_group", "options", "state", "setup_data"}
_METRICS = (b'"iterations"', b'"iteration_duration"', b'"data_sent"', b'"data_received"', b'"http_req', b'"vus"')
_PERCENTILE = re.compile(r"p\((\d{1,3}(?:\.\d{1,10})?)\)", re.ASCII)
_TIMES = ("http_req_", "iteration_duration", "group_duration", "grpc_req_duration", "ws_", "browser_web_vital_")
_MAY_BE_ZERO = {  # although there were samples
    "http_req_blocked", "http_req_connecting", "http_req_tls_handshaking", "http_req_sending", "http_req_receiving",
    "browser_web_vital_cls", "browser_web_vital_fid",
}  # fmt: skip


class _Held(msgspec.Struct):
    ok: bool


_Value = float | str | None | dict[str, float | bool | _Held | None]


class _Metric:
    """A metric of either form. `thresholds` says by expression which held; `contains` is None where none is said."""

    def __init__(self, name: str, fields: dict[str, _Value]) -> None:
        self.name = name
        self.base = name.partition("{")[0]
        nested = fields.get("values")
        self.values = _numbers(nested if isinstance(nested, dict) else fields)
        self.contains = fields.get("contains") if isinstance(nested, dict) else None
        stated = fields.get("thresholds")
        self.thresholds = {
            expression: _held(name, value, isinstance(nested, dict))
            for expression, value in (stated.items() if isinstance(stated, dict) else ())
        }

    @property
    def measured(self) -> bool:
        """Whether there was a sample, as far as the values tell: all those of a trend are zero when there was none."""
        if "passes" in self.values or "fails" in self.values:
            return self.values.get("passes", 0) + self.values.get("fails", 0) > 0
        trend = any(key in ("avg", "med") or _PERCENTILE.fullmatch(key) for key in self.values)
        if trend and "count" in self.values:
            return self.values["count"] > 0
        return not trend or self.base in _MAY_BE_ZERO or any(self.values.values())

    @property
    def percentiles(self) -> dict[float, float]:
        """Milliseconds by percentile; none when it is not known to be a time."""
        if self.contains != "time" if self.contains is not None else not self.name.startswith(_TIMES):
            return {}
        found = {50.0: self.values["med"]} if "med" in self.values else {}
        found |= {float(match[1]): value for key, value in self.values.items() if (match := _PERCENTILE.fullmatch(key))}
        return {percentile: value for percentile, value in found.items() if percentile <= 100 and value >= 0}


def recognises(artifact: Artifact) -> bool:
    keys = json_text.keys(artifact.head)
    if keys.get("metrics") != "{" and "root_group" not in keys:
        return False
    return keys.keys() <= _KEYS and ("root_group" in keys or any(name in artifact.head for name in _METRICS))


class _Summary(msgspec.Struct):
    metrics: dict[str, dict[str, _Value]]


def read(artifact: Artifact) -> Iterator[Facts]:
    metrics = {name: _Metric(name, fields) for name, fields in artifact.json(_Summary).metrics.items()}
    requests = _count(metrics, "http_reqs")
    if not requests and not _count(metrics, "iterations"):
        raise Unusable("empty", "neither a request nor an iteration was made")
    blind = [name for name, metric in metrics.items() if metric.thresholds and not metric.measured]
    if blind and all(all(metric.thresholds.values()) for metric in metrics.values()):
        raise Unusable("empty", f"its thresholds of {blind[0][:100]} held without a single sample")
    percentiles = {name: metric.percentiles for name, metric in metrics.items() if metric.measured}
    yield LoadTest(
        requests=requests,
        failed=_failed(metrics),
        thresholds=tuple(_thresholds(artifact, metrics)),
        percentiles={name: found for name, found in percentiles.items() if found},
        tool="k6",
    )


def _failed(metrics: dict[str, _Metric]) -> float | None:
    """The share of requests that failed; None where it does not say."""
    values = metrics["http_req_failed"].values if "http_req_failed" in metrics else {}
    return values.get("rate", values.get("value"))


def _thresholds(artifact: Artifact, metrics: dict[str, _Metric]) -> Iterator[Threshold]:
    """Those that judged something, in the order of the file."""
    seen: Counter[str] = Counter()
    for metric in metrics.values():
        for expression, held in metric.thresholds.items():
            seen[expression] += 1
            if not metric.measured:
                continue
            known = seen.total() <= json_text.SHOWN
            key = msgspec.json.encode(expression)
            line = artifact.line_of(key, seen[expression]) if known else 1
            yield Threshold(metric.name, expression, held, line)


def _held(metric: str, value: float | bool | _Held | None, nested: bool) -> bool:
    if isinstance(value, _Held) and nested:
        return value.ok
    if isinstance(value, bool) and not nested:
        return not value
    expected = '{"ok": true or false}' if nested else "true or false"
    raise Unusable("unreadable", f"expected {expected} of a threshold of {metric[:100]}")


def _numbers(fields: dict[str, _Value] | dict[str, float | bool | _Held | None]) -> dict[str, float]:
    return {
        key: float(value)
        for key, value in fields.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def _count(metrics: dict[str, _Metric], name: str) -> int | None:
    """How many there were; None where it does not say."""
    count = metrics[name].values.get("count") if name in metrics else None
    if count is not None and not 0 <= count <= 10**15:
        raise Unusable("unreadable", f"expected a number of {name}, not {count}")
    return None if count is None else int(count)
