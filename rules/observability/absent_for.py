from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.rule_sets import interval
from gatekeeper.models.prometheus import Alert, seconds
from gatekeeper.parsers.promql import Binary, Call, Expr, Query, Selector
from gatekeeper.rule import Answer, Reason, rule


def _asked(query: Query | None) -> Iterator[Call]:
    """The calls that make the whole alert one of something that is not there."""
    stack: list[Expr] = [query.root] if query else []
    while stack:
        expr = stack.pop()
        if isinstance(expr, Binary) and (expr.combines or expr.compares):
            stack += [expr.left, expr.right] if expr.op == "or" else [expr.left]
        elif isinstance(expr, Call) and expr.function in ("absent", "absent_over_time"):
            yield expr


def _waits(alert: Alert) -> bool:
    """Whether it says how long; one on a momentary value that does not is a fault of `alert-for`."""
    over_time = any(call.function == "absent_over_time" for call in _asked(alert.query))
    return over_time or (alert.node["for"].present and any(_asked(alert.query)))


@rule("alert-absent-for", gate="alerting", severity="medium", seed="5.3 Alerting Rules", aliases=["pint:alerts/absent"],
      where=_waits)  # fmt: skip
def absent_for(alert: Alert, project: Project) -> Iterator[Answer]:
    """An alert on what is absent waits for two scrapes.

    Prometheus has no values for a moment whenever it starts again, and after a scrape that failed. `absent` fires then,
    unless `for` waits for at least twice the interval of scraping; of `absent_over_time` the range counts too. The
    interval is the shortest that is written in this repository, else 60 s, or 30 s where the operator runs Prometheus.
    That an alert on `absent` waits at all is what `alert-for` asks.

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: Gone
            expr: absent(up{job="orders"})
            # expect: Gone waits 0s
            for: 0s
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: Gone
            expr: absent(up{job="orders"})
            for: 5m
          - alert: GoneForLong
            expr: absent_over_time(up{job="orders"}[10m])
    ```

    Unknown, nobody says how often:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: Gone
            expr: absent(up{job="orders"})
            for: 1m
    ```
    """
    waits = seconds(alert.node["for"]) if alert.node["for"].present else 0.0
    call = next(_asked(alert.query), None)
    if waits is None or call is None:
        return
    inner = call.args[0] if call.args else None
    looks_back = inner.range or 0.0 if isinstance(inner, Selector) else 0.0
    every = interval(project, alert.group)
    spans = waits + looks_back
    if spans >= 2 * every.seconds:
        return
    at = alert.node["for"] if alert.node["for"].present else alert.expr
    words = f"{alert.alert} waits {spans:g}s for what is absent"
    if every.declared is not None or spans < 30:
        yield Finding(
            at, f"{words}: less than two scrapes", fix=Fix(f"for: {max(2 * every.seconds, 60) / 60:g}m or more")
        )
    else:
        yield Unknown(
            at, f"{words}; by default a scrape is every {every.seconds:g}s, no interval is here", Reason.UNRESOLVED
        )
