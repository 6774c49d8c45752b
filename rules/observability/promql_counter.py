from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from gatekeeper import Finding, Fix
from gatekeeper.models.prometheus import Alert
from gatekeeper.node import regex
from gatekeeper.parsers.promql import Aggregation, Binary, Call, Expr, Query, Selector, constant, parts
from gatekeeper.rule import rule

# What only ever grows, by what is counted. Much of what else is called `..._total` is a gauge: a capacity, a size.
_COUNTER = regex(
    r"(?!.*(?:pending|active|current|in_progress|in_flight|queued))"
    r"(?:.*_(?:requests|errors|failures|failed|restarts|retries|timeouts|dropped|rejected|exceptions|hits|misses|evictions"
    r"|attempts|calls|messages|events|packets|cpu_seconds|duration_seconds)_total|.*_seconds_bucket)\Z"
)


@lru_cache(maxsize=8192)  # a few names stand in many alerts
def _is_counter(name: str) -> bool:
    return _COUNTER.match(name) is not None


def _asks(alert: Alert) -> bool:
    return alert.query is not None and any(map(_is_counter, alert.query.metrics))


@rule(
    "promql-counter-without-rate",
    gate="alerting",
    severity="medium",
    seed="5.3 Alerting Rules",
    aliases=["pint:promql/counter"],
    where=_asks,
)
def counter_without_rate(alert: Alert) -> Iterator[Finding]:
    """An alert asks how fast a counter grows, not how high it has become.

    A counter only grows, until its process starts again: `errors_total > 100` fires for good after the hundredth error,
    however long that takes. Metrics are told by their names (`..._errors_total`, `..._seconds_bucket`); of 21 published
    alerts on others that only end in `_total` 17 were about gauges, so these are not judged. Whether one is there,
    whether it was ever more than 0, and what it was some time ago (`offset`) may be asked.

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: ManyErrors
            # expect: http_request_errors_total is a counter
            expr: sum by (job) (http_request_errors_total) > 100
          - alert: Slow
            # expect: http_request_duration_seconds_bucket is a counter
            expr: histogram_quantile(0.95, sum by (le) (http_request_duration_seconds_bucket)) > 1
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: ManyErrors
            expr: sum by (job) (rate(http_request_errors_total[5m])) > 5
          - alert: NewErrors
            expr: http_request_errors_total - http_request_errors_total offset 5m > 5
          - alert: AnyError
            expr: http_request_errors_total > 0
          - alert: NotCounted
            expr: absent(http_request_errors_total{job="orders"})
          - alert: Idle
            expr: up == 1 unless on (job) http_requests_total
    ```
    """
    if alert.query is None:
        return
    for metric in sorted(_raw(alert.query)):
        words = f"{alert.alert}: {metric} is a counter, taken as it stands"
        yield Finding(alert.expr, words, fix=Fix(f"rate({metric}[5m]), or increase over the time that counts"))


def _raw(query: Query) -> set[str]:
    return {
        part.metric
        for part, around in query.within()
        if isinstance(part, Selector) and _is_counter(part.metric) and part.range is None and not _excused(part, around)
    }


_LOOKING_AT = frozenset("absent absent_over_time timestamp count_over_time present_over_time changes resets".split())


def _excused(part: Expr, around: tuple[Expr, ...]) -> bool:
    """Whether only its being there is asked, or what became of it since some time ago."""
    inner = part
    for outer in reversed(around):
        if isinstance(outer, Call) and (outer.function in _LOOKING_AT or outer.function in _GROWTH):
            return True
        if isinstance(outer, Aggregation) and outer.op in ("count", "group"):
            return True
        if isinstance(outer, Binary) and _asks_whether(outer, inner):
            return True
        inner = outer
    return False


_GROWTH = frozenset("rate increase irate delta idelta deriv".split())


def _asks_whether(outer: Binary, inner: Expr) -> bool:
    if outer.op in ("and", "unless") and outer.right is inner:
        return True
    if outer.op == "-":
        return any(isinstance(each, Selector) and each.offset for side in parts(outer) for each in (side, *parts(side)))
    other = outer.right if outer.left is inner else outer.left
    return outer.compares and constant(other) == 0 and isinstance(inner, (Selector, Aggregation))
