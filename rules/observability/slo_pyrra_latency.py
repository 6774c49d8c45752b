from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Unknown
from gatekeeper.models.slo import Pyrra
from gatekeeper.models.slo.queries import read
from gatekeeper.node import Node
from gatekeeper.parsers.promql import Selector
from gatekeeper.rule import Answer, rule


@rule(
    "slo-pyrra-latency", gate="slo", severity="medium", seed="5.4 SLO Targets",
    where=lambda each: each.spec["indicator"]["latency"].present,
)  # fmt: skip
def latency(each: Pyrra) -> Iterator[Answer]:
    """A latency of Pyrra takes those that are fast enough from a bucket of a histogram.

    Pyrra divides `success` by `total`: requests up to a bound, which is the label `le` of a `..._bucket` series, by all
    requests, which is the `..._count` of the same histogram. Without a number in `le` no bound is measured, and Pyrra
    refuses it; with a series that is no bucket the share is a wrong one.

    Bad:
    ```yaml
    apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    metadata: {name: orders}
    spec:
      target: "99"
      window: 4w
      indicator:
        latency:
          success:
            # expect: no bound
            metric: http_request_duration_seconds_bucket{job="orders"}
          total:
            # expect: is no ..._count
            metric: http_requests_total{job="orders"}
    ```

    Good:
    ```yaml
    apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    metadata: {name: orders}
    spec:
      target: "99"
      window: 4w
      indicator:
        latency:
          success:
            metric: http_request_duration_seconds_bucket{job="orders",le="0.5"}
          total:
            metric: http_request_duration_seconds_count{job="orders"}
    ```
    """
    held = each.spec["indicator"]["latency"]
    for name, suffix in (("success", "_bucket"), ("total", "_count")):
        metric = held[name]["metric"]
        found = read(metric) if metric.present else None
        if found is None:
            yield Finding(held, f"no {name}.metric")
        elif found.wrong:
            yield Finding(metric, f"{name} does not parse: {found.wrong}")
        elif found.query is None:
            yield Unknown(metric, f"whether {name} parses is not known: {found.open}")
        elif not isinstance(found.query.root, Selector) or found.query.root.range is not None:
            yield Finding(metric, f"{name} is no plain selector: Pyrra refuses it")
        else:
            yield from _judged(name, suffix, metric, found.query.root)


def _judged(name: str, suffix: str, metric: Node, selector: Selector) -> Iterator[Answer]:
    series = selector.metric or selector.label("__name__") or ""
    if not series.endswith(suffix):
        yield Finding(metric, f"{name} is no ...{suffix} of a histogram: {series or 'no name'}")
    bound = next((value for label, op, value in selector.matchers if label == "le" and op in ("=", "=~")), "")
    if name == "success" and not _is_number(bound):
        yield Finding(metric, f"success has no bound: {f'le={bound!r} is no number' if bound else 'no label le'}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
