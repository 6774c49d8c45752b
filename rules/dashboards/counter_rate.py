from __future__ import annotations

from collections.abc import Iterable, Iterator

from gatekeeper import Finding, Project
from gatekeeper.links.dashboards import targets, targets_of
from gatekeeper.models.dashboards import Dashboard, Target, promql
from gatekeeper.node import regex
from gatekeeper.parsers.promql import Aggregation, Binary, Call, Expr, Malformed, Selector, Subquery
from gatekeeper.rule import rule

_DRAWN = frozenset({"timeseries", "graph", "heatmap"})
# What may be asked of a counter as it stands: that it is there, how many there are, when it was read.
_COUNTS = frozenset({"count", "count_values", "group"})
_ASKS = frozenset("absent absent_over_time timestamp present_over_time last_over_time label_values".split())
# Numbers of what there is at the moment are called `_total` too, by people who count.
_COUNTER = regex(
    r"(?:requests?|errors?|failures?|failed|bytes|seconds|retries|messages|packets|responses|restarts)_total\Z"
)
_NOW = regex(r"active|current|pending|waiting|queue|length|in_?flight|open_")


def _drawing(dashboard: Dashboard) -> list[Target]:
    return [
        each for each in targets(dashboard)
        if each.asks_prometheus and each.panel.type in _DRAWN and "_total" in each.expr and not each.spec.get("instant")
    ]  # fmt: skip


@rule(
    "dashboard-counter-rate",
    gate="monitoring",
    severity="medium",
    seed="5.1 Monitoring, Custom dashboards",
    where=lambda dashboard: bool(_drawing(dashboard)),
)
def counter_rate(dashboard: Dashboard, project: Project | None = None) -> Iterator[Finding]:
    """Graphs show how fast a counter grows, not how large it got.

    A counter (`..._total`) only ever grows, until its process starts again: its line says how long that has been
    running. `rate`, `irate` or `increase` show what happens. Not everything that is called `_total` is a counter: it is
    taken for one where another panel takes its rate, or by what it counts (requests, errors, bytes). Panels that show
    one number are not meant: how many there were in all may be what somebody wants to know (dashboard-linter's
    `target-counter-agg-rule` judges them too, which is why that is no other name of this rule).

    Bad: # expect: errors_total
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "timeseries", "title": "Errors", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A", "expr": "sum(errors_total) by (job)"}]}
    ]}
    ```

    Good:
    ```json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "timeseries", "title": "Errors", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A", "expr": "sum(rate(errors_total[$__rate_interval])) by (job)"}]},
      {"type": "timeseries", "title": "Sources", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A", "expr": "count(errors_total)"}]},
      {"type": "stat", "title": "In all", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A", "expr": "sum(errors_total)"}]}
    ]}
    ```
    """
    every = targets_of(project) if project else targets(dashboard)
    rated = project.once("rated metrics", lambda _: _rated(every)) if project else _rated(every)
    for target in _drawing(dashboard):
        try:
            query = promql(target)
        except Malformed:  # another rule says so
            continue
        plain = [part.metric for part, around in query.within() if isinstance(part, Selector) and _drawn(part, around)]
        grows = next((m for m in plain if m in rated or (_COUNTER.search(m) and not _NOW.search(m))), "")
        if grows:
            yield Finding(target.at("expr"), f"{target.words} draws the counter {grows} itself")


def _rated(every: Iterable[Target]) -> frozenset[str]:
    """The metrics that some panel takes the rate of: those are counters."""
    return frozenset(name for target in every if "_total" in target.expr for name in _RATED.findall(target.expr))


_RATED = regex(r"\b(?:rate|irate|increase)[ \t\n]*\([ \t\n]*([A-Za-z_][A-Za-z0-9_]{0,200}_total)\b")


def _drawn(selector: Selector, around: tuple[Expr, ...]) -> bool:
    """Whether what is drawn is the metric itself."""
    if not selector.metric.endswith("_total") or ":" in selector.metric or selector.range is not None:
        return False
    for part in around:
        if isinstance(part, Subquery) or (isinstance(part, Call) and part.function in _ASKS):
            return False
        if isinstance(part, Aggregation) and part.op in _COUNTS:
            return False
        if isinstance(part, Binary) and (part.compares or part.combines or part.group or part.op in "/-"):
            return False
    return True
