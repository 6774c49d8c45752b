from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.prometheus import Alert
from gatekeeper.parsers.promql import Aggregation, Binary, Call, Expr, Negative, Number, Selector, Subquery, constant
from gatekeeper.rule import rule


@rule(
    "alert-comparison",
    gate="alerting",
    severity="high",
    seed="5.3 Alerting Rules",
    aliases=["pint:alerts/comparison"],
    where=lambda alert: alert.query is not None and not alert.silent,
)
def comparison(alert: Alert) -> Iterator[Finding]:
    """An alert says when it does not fire.

    An alert fires for every series that its expression gives back, whatever the value: without a comparison that is
    always, also at 0. So is a comparison that always holds: of a rate with `>= 0`. One with `bool` filters nothing, it
    gives 0 or 1. `absent` and `unless` give back nothing when all is well, and so do `and` with a condition, and series
    that are there only in some state, by a label of theirs (`flux_instance_info{ready!="True"}`, `ALERTS`). Not asked
    of an alert that is meant to fire all the time (`vector(1)`).

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            # expect: HighErrorRate compares nothing
            expr: sum(rate(http_requests_total{status=~"5.."}[5m]))
          - alert: Down
            # expect: Down compares with bool
            expr: up{job="orders"} == bool 0
          - alert: Either
            # expect: Either compares nothing
            expr: rate(errors_total[5m]) > 1 or rate(failures_total[5m])
          - alert: NotNegative
            # expect: NotNegative compares with what it always is
            expr: sum(rate(errors_total[5m])) >= 0
          - alert: There
            # expect: There compares with what it always is
            expr: up{job="orders"} > -1
          - alert: Endpoints
            # expect: Endpoints compares nothing
            expr: sum by (pod) (cilium_endpoint_state{endpoint_state="invalid"})
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: sum(rate(http_requests_total{status=~"5.."}[5m])) > 5
          - alert: Gone
            expr: absent(up{job="orders"})
          - alert: NotReady
            expr: kube_pod_info unless on (pod) kube_pod_ready
          - alert: Broken
            expr: sum by (job) (up == 0)
          - alert: Slow
            expr: job:latency:p95 and on (job) (job:requests:rate5m > 10)
          - alert: Both
            expr: (up == bool 0) * on (job) (job:important > 0)
          - alert: NotReconciled
            expr: flux_instance_info{namespace="flux-system", ready!="True"}
          - alert: Watchdog
            expr: vector(1)
    ```
    """
    query = alert.query
    if query is None:
        return
    if _is_always_so(query.root):
        words = f"{alert.alert} compares with what it always is: it fires whatever the value is"
        yield Finding(alert.expr, words, fix=Fix("compare the value with a limit"))
        return
    if _may_be_empty(query.root):
        return
    with_bool = any(isinstance(part, Binary) and part.as_bool for part in query.walk())
    words = "compares with bool, which gives 0 or 1 and filters nothing" if with_bool else "compares nothing"
    fix = Fix("leave out bool" if with_bool else "compare the value with a limit")
    yield Finding(alert.expr, f"{alert.alert} {words}: it fires whatever the value is", fix=fix)


def _is_always_so(expr: Expr) -> bool:
    """Whether all that it asks is that what is never negative is not."""
    if isinstance(expr, Aggregation):
        return _is_always_so(expr.expr)
    if not isinstance(expr, Binary) or expr.as_bool or expr.op not in (">", ">="):
        return False
    limit = constant(expr.right)
    return limit is not None and (limit < 0 or (limit == 0 and expr.op == ">=")) and _is_never_negative(expr.left)


def _is_never_negative(expr: Expr) -> bool:
    if isinstance(expr, Aggregation):
        return expr.op in ("count", "group") or _is_never_negative(expr.expr)
    if isinstance(expr, Call):
        return expr.function in ("rate", "irate", "increase", "count_over_time")
    return isinstance(expr, Selector) and (expr.metric in ("up", "probe_success") or expr.metric.endswith("_total"))


def _may_be_empty(expr: Expr) -> bool:
    """Whether it gives back nothing when all is well, though its metrics are there."""
    if isinstance(expr, Binary):
        return _of_two(expr)
    if isinstance(expr, Aggregation) and isinstance(expr.expr, Selector) and expr.op not in ("count", "group"):
        return expr.expr.metric.startswith("ALERTS")  # a sum of 0 is there too
    if isinstance(expr, (Aggregation, Subquery, Negative)):
        return _may_be_empty(expr.expr)
    if isinstance(expr, Call):
        if expr.function in ("absent", "absent_over_time"):
            return True
        return any(_may_be_empty(each) for each in expr.args)
    return isinstance(expr, Selector) and (expr.metric.startswith("ALERTS") or _of_a_state(expr))


_OF_WHOM = frozenset("job instance namespace service app pod container cluster env environment __name__".split())


def _of_a_state(expr: Selector) -> bool:
    """Whether it selects series that are there only in some state: `flux_instance_info{ready!="True"}`."""
    return expr.range is None and any(each.label not in _OF_WHOM for each in expr.matchers)


def _of_two(expr: Binary) -> bool:
    if expr.op == "or":
        return _may_be_empty(expr.left) and _may_be_empty(expr.right)
    if expr.op == "unless":
        return True
    if expr.compares and not expr.as_bool:
        return not (isinstance(expr.left, Number) and isinstance(expr.right, Number))
    return _may_be_empty(expr.left) or _may_be_empty(expr.right)
