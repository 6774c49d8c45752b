from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links.rule_sets import recordings
from gatekeeper.models.prometheus import GroupedRule, RecordingRule
from gatekeeper.parsers.promql import Aggregation, Call, Expr, Selector, Subquery
from gatekeeper.rule import Note, rule

_GROWTH = frozenset("rate increase irate".split())


def _grown(rule: GroupedRule) -> list[tuple[str, Expr]]:
    if rule.query is None:
        return []
    return [(part.function, part.args[0]) for part in rule.query.walk() if isinstance(part, Call) and part.args
            and part.function in _GROWTH]  # fmt: skip


@rule(
    "promql-rate-of-aggregate",
    gate="alerting",
    severity="medium",
    seed="5.3 Alerting Rules",
    where=lambda rule: bool(_grown(rule)),
)
def rate_of_aggregate(rule: GroupedRule, project: Project | None = None) -> Iterator[Finding]:
    """A rate is taken of a counter, and what is added up are rates.

    When one of several processes starts again, the sum of their counters drops. `rate` takes that for a start from
    zero, and adds the whole of the rest: a peak that never was. It is the same when the sum is recorded under another
    name by a rule of this repository. Together with `promql-rate-window` and `promql-rate-of-gauge` this is what
    pint's `promql/rate` asks.

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: ManyErrors
            # expect: rate of a sum
            expr: rate(sum by (job) (http_request_errors_total)[5m:1m]) > 1
          - record: job:http_requests:sum
            expr: sum by (job) (http_requests_total)
          - alert: NoTraffic
            # expect: rate of a sum
            expr: rate(job:http_requests:sum[5m]) < 1
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: ManyErrors
            expr: sum by (job) (rate(http_request_errors_total[5m])) > 1
          - alert: Rising
            expr: max_over_time(sum by (job) (rate(http_request_errors_total[5m]))[1h:1m]) > 1
    ```
    """
    for function, inner in _grown(rule):
        if isinstance(inner, Subquery):
            made = _sum(inner.expr)
            if made:
                yield Finding(rule.expr, f"{_name(rule)}: {function} of a {made}", fix=_FIX)
        elif isinstance(inner, Selector) and ":" in inner.metric and project is not None:
            for recorded in recordings(project).get(inner.metric, []):
                made = _sum(recorded.query.root) if recorded.query else ""
                if made:
                    see = (Note(recorded, f"{inner.metric} is a {made}"),)
                    yield Finding(rule.expr, f"{_name(rule)}: {function} of a {made}, {inner.metric}", see, _FIX)
                    break


_FIX = Fix("sum(rate(...)): the rate of each counter first")


def _sum(expr: Expr) -> str:
    """The aggregation that makes one of several counters, '' when there is none, or it is one of rates."""
    if isinstance(expr, Aggregation):
        if expr.op in ("sum", "avg", "max", "min") and isinstance(expr.expr, Selector):
            return expr.op if expr.expr.metric.endswith(("_total", "_count", "_sum", "_bucket")) else ""
        return _sum(expr.expr)
    return ""


def _name(rule: GroupedRule) -> str:
    return rule.record if isinstance(rule, RecordingRule) else rule.name.rpartition("/")[2]
