from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.prometheus import GroupedRule
from gatekeeper.node import regex
from gatekeeper.parsers.promql import Call, Selector
from gatekeeper.rule import rule

# What can be nothing else: a state, a description, a temperature, a share, a point in time, what is free or in use.
_GAUGE = regex(
    r"up\Z|ALERTS\Z|.*_(?:info|celsius|ratio|percent|timestamp_seconds|queue_length|utilization|in_flight|threads"
    r"|goroutines)\Z|node_(?:load\d+|memory_\w+_bytes|filesystem_(?:avail|free|size|files)\w*)\Z"
    r"|(?:process_resident_memory|process_virtual_memory|container_memory_working_set|container_memory_usage|go_memstats_\w+_inuse)_bytes\Z"
    r"|kube_\w+_(?:status_(?:phase|ready|replicas\w*|condition)|spec_replicas|metadata_generation)\Z"
)


def _named(rule: GroupedRule) -> list[tuple[str, str]]:
    """Each growth that is asked for, with the metric that it is of."""
    if rule.query is None:
        return []
    calls = (part for part in rule.query.walk() if isinstance(part, Call) and part.function in _GROWTH and part.args)
    return [(call.function, call.args[0].metric) for call in calls if isinstance(call.args[0], Selector)]


_GROWTH = frozenset("rate increase irate".split())


@rule(
    "promql-rate-of-gauge",
    gate="alerting",
    severity="medium",
    seed="5.3 Alerting Rules",
    where=lambda rule: bool(_named(rule)),
)
def rate_of_gauge(rule: GroupedRule) -> Iterator[Finding]:
    """`rate` and `increase` are asked of counters only.

    They take every fall for a start from zero. Of what may fall, such as the memory in use, they make numbers that mean
    nothing; `delta` and `deriv` are for gauges. Only names are judged that can be of nothing else: `up`, `..._info`,
    `..._ratio`, `..._celsius`, `node_memory_..._bytes`, `process_resident_memory_bytes` and the like.

    Bad:
    ```yaml
    groups:
      - name: nodes
        rules:
          - alert: MemoryGrows
            # expect: rate of process_resident_memory_bytes
            expr: rate(process_resident_memory_bytes[1h]) > 1e6
    ```

    Good:
    ```yaml
    groups:
      - name: nodes
        rules:
          - alert: MemoryGrows
            expr: deriv(process_resident_memory_bytes[1h]) > 1e6
          - alert: Flaps
            expr: changes(up[1h]) > 5
          - alert: Errors
            expr: rate(http_request_errors_total[5m]) > 1
    ```
    """
    for function, metric in _named(rule):
        if _GAUGE.match(metric):
            words = f"{rule.name.rpartition('/')[2]}: {function} of {metric}, which is no counter"
            yield Finding(rule.expr, words, fix=Fix("delta for how much, deriv for how fast"))
