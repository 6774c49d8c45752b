from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.prometheus import Alert
from gatekeeper.models.promql_labels import CHOOSING
from gatekeeper.parsers.promql import Aggregation, Binary, Call, Expr, Negative, constant, scalar
from gatekeeper.rule import rule


@rule(
    "promql-fragile",
    gate="alerting",
    severity="medium",
    seed="5.3 Alerting Rules",
    aliases=["pint:promql/fragile"],
    where=lambda alert: alert.query is not None,
)
def fragile(alert: Alert) -> Iterator[Finding]:
    """An alert is about the same series from one evaluation to the next.

    `topk` and `bottomk` choose anew each time. When the choice changes, the alert of one series ends and that of
    another begins its `for` from the start: it may never fire, or notify again and again. What one number is made of
    (`sum(topk(...))`) is no fault, nor is `topk by (...) (1, ...)`, which takes one of several copies. A ratio that
    wavers at a restart is what `alert-for` asks about.

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: BusyQueues
            # expect: topk chooses other series
            expr: topk(5, queue_messages_ready) > 1000
            for: 10m
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: BusyQueues
            expr: queue_messages_ready > 1000
            for: 10m
          - alert: BusiestQueues
            expr: sum(topk(5, queue_messages_ready)) > 5000
            for: 10m
          - alert: QuotaFull
            expr: topk by (namespace, resource) (1, kube_resourcequota{type="used"}) > 100
            for: 10m
    ```
    """
    chosen = _chosen(alert.query.root) if alert.query else ""
    if chosen:
        words = f"{alert.alert}: {chosen} chooses other series at each evaluation"
        yield Finding(alert.expr, words, fix=Fix(f"leave out {chosen}: every series above the limit alerts by itself"))


def _chosen(expr: Expr) -> str:
    """The aggregation that chooses the series that are left in the end."""
    if isinstance(expr, Aggregation):
        one_each = constant(expr.param) == 1 and (expr.by or expr.without) if expr.param is not None else False
        return expr.op if expr.op in CHOOSING and not one_each else ""
    if isinstance(expr, Negative):
        return _chosen(expr.expr)
    if isinstance(expr, Call):
        return next((found for each in expr.args if (found := _chosen(each))), "")
    if not isinstance(expr, Binary):
        return ""
    if expr.op in ("and", "unless") or scalar(expr.right):
        return _chosen(expr.left)
    return _chosen(expr.left) or _chosen(expr.right)
