from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.rule_sets import interval
from gatekeeper.models.prometheus import GroupedRule
from gatekeeper.parsers.promql import Call, Query, Selector
from gatekeeper.rule import Answer, Note, Reason, rule

_GROWTH = frozenset("rate increase irate delta idelta deriv".split())
_SHORTEST = 30.0  # twice the shortest interval that is in common use


def _ranges(query: Query) -> Iterator[tuple[str, Selector, float]]:
    for part in query.walk():
        if isinstance(part, Call) and part.function in _GROWTH and part.args:
            inner = part.args[0]
            if isinstance(inner, Selector) and inner.range is not None:
                yield part.function, inner, inner.range


@rule(
    "promql-rate-window",
    gate="alerting",
    severity="medium",
    seed="5.3 Alerting Rules",
    where=lambda rule: rule.query is not None and any(_ranges(rule.query)),
)
def rate_window(rule: GroupedRule, project: Project) -> Iterator[Answer]:
    """A rate is taken over at least two scrapes.

    `rate` needs two values inside its range: over less than twice the interval of scraping it gives nothing at all, and
    the alert never fires. Twice is the least; four times also survives a scrape that fails. The interval is the
    shortest that a Prometheus of this repository scrapes at (`scrape_interval`). Where none is written, Prometheus
    takes 60 s, its operator 30 s, and many charts 15 s: then only a range below 30 s is a fault, and below twice the
    default it is not known.

    Bad:
    ```yaml prometheus/prometheus.yml
    global: {scrape_interval: 60s}
    scrape_configs: [{job_name: orders, static_configs: [{targets: ["orders:8080"]}]}]
    rule_files: [rules.yaml]
    ```
    ```yaml prometheus/rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: ManyErrors
            # expect: rate over 1m, scraped every 1m
            expr: rate(http_request_errors_total[1m]) > 1
    ```

    Good:
    ```yaml prometheus/prometheus.yml
    global: {scrape_interval: 15s}
    scrape_configs: [{job_name: orders, static_configs: [{targets: ["orders:8080"]}]}]
    rule_files: [rules.yaml]
    ```
    ```yaml prometheus/rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: ManyErrors
            expr: rate(http_request_errors_total[1m]) > 1
    ```

    Unknown, nobody says how often:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: ManyErrors
            expr: rate(http_request_errors_total[1m]) > 1
    ```
    """
    every = interval(project, rule.group)
    found = list(_ranges(rule.query)) if rule.query else []
    if not found:
        return
    function, _, window = min(found, key=lambda each: each[2])
    said = f"{function} over {_time(window)}"
    at = f"{rule.name.rpartition('/')[2]}: {said}"
    if every.declared is not None and window < 2 * every.seconds:
        see = (Note(every.declared, f"every {_time(every.seconds)}"),)
        fix = Fix(f"a range of at least {_time(4 * every.seconds)}")
        yield Finding(rule.expr, f"{at}, scraped every {_time(every.seconds)}: it gives nothing", see, fix)
    elif every.declared is None and window < _SHORTEST:
        yield Finding(rule.expr, f"{at}: it gives nothing unless scraped every {_time(window / 2)}")
    elif every.declared is None and window < 2 * every.seconds:
        words = f"{at} gives nothing if scraped every {_time(every.seconds)}, which is the default: no interval is here"
        yield Unknown(rule.expr, words, Reason.UNRESOLVED)


def _time(seconds: float) -> str:
    return f"{seconds / 60:g}m" if seconds >= 60 and not seconds % 60 else f"{seconds:g}s"
