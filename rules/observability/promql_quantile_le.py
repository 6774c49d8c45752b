from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.prometheus import GroupedRule
from gatekeeper.models.promql_labels import kept
from gatekeeper.parsers.promql import Call, Expr, Selector, constant, walk
from gatekeeper.rule import rule


def _buckets(rule: GroupedRule) -> list[tuple[float | None, Expr]]:
    """The quantiles with what they are of, where that is buckets with a label `le`: native histograms have none."""
    if rule.query is None:
        return []
    calls = (part for part in rule.query.walk() if isinstance(part, Call) and part.function == "histogram_quantile")
    found = [(call.args[0], call.args[-1]) for call in calls if call.args]
    return [(constant(share), inner) for share, inner in found if any(map(_is_bucket, walk(inner)))]


def _is_bucket(expr: Expr) -> bool:
    return isinstance(expr, Selector) and expr.metric.endswith("_bucket")


@rule(
    "promql-quantile-le",
    gate="alerting",
    severity="medium",
    seed="5.3 Alerting Rules",
    where=lambda rule: bool(_buckets(rule)),
)
def quantile_le(rule: GroupedRule) -> Iterator[Finding]:
    """A quantile is taken of buckets that still say what their bound is.

    `histogram_quantile` reads the bounds of the buckets from the label `le`. When the aggregation inside drops it, the
    result is empty, and an alert on it never fires. A quantile is a share: of 95 it is infinite, and always above.

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighLatency
            # expect: the buckets have lost le
            expr: histogram_quantile(0.95, sum by (job) (rate(http_request_duration_seconds_bucket[5m]))) > 1
          - alert: HighLatencyOfAll
            # expect: the buckets have lost le
            expr: histogram_quantile(0.95, sum(rate(http_request_duration_seconds_bucket[5m]))) > 1
          - alert: HighLatencyOfPercent
            # expect: 95 is no share
            expr: histogram_quantile(95, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 1
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighLatency
            expr: histogram_quantile(0.95, sum by (job, le) (rate(http_request_duration_seconds_bucket[5m]))) > 1
          - alert: HighLatencyOfNative
            expr: histogram_quantile(0.95, sum(rate(http_request_duration_seconds[5m]))) > 1
    ```
    """
    for share, inner in _buckets(rule):
        if share is not None and not 0 <= share <= 1:
            words = f"{rule.name.rpartition('/')[2]}: {share:g} is no share of a whole, which is 1"
            yield Finding(rule.expr, words, fix=Fix(f"histogram_quantile({share / 100:g}, ...)"))
            return
        labels = kept(inner)
        if labels is not None and "le" not in labels:
            words = f"{rule.name.rpartition('/')[2]}: the buckets have lost le, so there is no quantile"
            yield Finding(rule.expr, words, fix=Fix("sum by (le, ...)"))
            return
