from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.prometheus import Alert, GroupedRule
from gatekeeper.rule import rule

_BOTH = frozenset({"expr", "labels"})
_OF_ALERTS = frozenset({"alert", "for", "keep_firing_for", "annotations"})


@rule(
    "rule-fields",
    gate="alerting",
    severity="high",
    seed="5.3 Alerting Rules",
    where=lambda rule: rule.group.language == "promql",
)
def fields(rule: GroupedRule) -> Iterator[Finding]:
    """A rule has the fields that Prometheus knows.

    Prometheus refuses the whole file, and the operator the object, for a field that it does not know: with `annotation`
    for `annotations` no alert of that file fires. A recording rule has no `for` and no annotations. Judged are fields
    that are close to one that there is; others may be of a program that reads more (vmalert). That the file is YAML at
    all is asked of every file.

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            # expect: annotation is no field of an alert
            annotation: {summary: Many errors}
            # expect: lables is no field of an alert
            lables: {severity: critical}
          - record: job:requests:rate5m
            expr: sum by (job) (rate(requests_total[5m]))
            # expect: a recording rule has no for
            for: 5m
          # expect: is an alert and a recording rule
          - alert: Slow
            record: job:slow
            expr: job:latency:p95 > 1
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            for: 5m
            keep_firing_for: 5m
            labels: {severity: critical}
            annotations: {summary: Many errors}
            debug: true
          - record: job:requests:rate5m
            expr: sum by (job) (rate(requests_total[5m]))
            labels: {team: orders}
    ```
    """
    name = rule.name.rpartition("/")[2]
    if isinstance(rule, Alert) and "record" in rule.node:
        yield Finding(rule, f"{name} is an alert and a recording rule", fix=Fix("make two rules of it"))
        return
    known = _BOTH | (_OF_ALERTS if isinstance(rule, Alert) else {"record"})
    for key, node in rule.node.items():
        if key in _OF_ALERTS and key not in known:
            yield Finding(node, f"{name}: a recording rule has no {key}", fix=Fix("leave it out"))
        elif key not in known and (meant := _close_to(key, known)):
            yield Finding(
                node, f"{name}: {key} is no field of {_KIND[isinstance(rule, Alert)]}", fix=Fix(f"call it {meant}")
            )


def _close_to(key: str, known: frozenset[str]) -> str:
    from difflib import get_close_matches  # only where there is a field that nobody knows

    if key.lower() == "expression":
        return "expr"
    return next(iter(get_close_matches(key.lower(), known, 1, 0.8)), "")


_KIND = {True: "an alert", False: "a recording rule"}
