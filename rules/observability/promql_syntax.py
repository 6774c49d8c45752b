from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Unknown
from gatekeeper.models.prometheus import GroupedRule
from gatekeeper.node import regex
from gatekeeper.parsers.promql import Malformed, Unsupported, parse
from gatekeeper.rule import Answer, Reason, rule

# What something else fills in before Prometheus reads it: Helm, Jinja, Flux, envsubst, ytt.
_FILLED_IN = regex(r"\{\{|\{%|\$\{|\$\(|\$[A-Za-z_]|\(@|@@")


@rule(
    "promql-syntax",
    gate="alerting",
    severity="high",
    seed="5.3 Alerting Rules",
    aliases=["pint:promql/syntax"],
    where=lambda rule: rule.group.language != "logql",
)
def syntax(rule: GroupedRule) -> Iterator[Answer]:
    """The expression of every alert and recording rule is a valid query.

    Prometheus refuses the whole file for one expression that it cannot read, and with it every other alert in there.
    Types count too: `rate` needs a range, a range cannot be compared. Loki's rules are written in LogQL and not judged.
    What is filled in before Prometheus reads it, is of a dialect (MetricsQL) or newer than the grammar is not known.

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            # expect: unclosed left parenthesis
            expr: sum(rate(http_requests_total{status=~"5.."}[5m]) > 0.05
          - alert: HighLatency
            # expect: expected type matrix in call to function 'rate'
            expr: rate(http_request_duration_seconds_sum) > 1
          - record: job:requests:rate5m
            # expect: there is no function ratee
            expr: sum by (job) (ratee(http_requests_total[5m]))
          # expect: has no expression
          - alert: Nothing
            for: 5m
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - record: job:requests:rate5m
            expr: sum by (job) (rate(http_requests_total[5m]))
          - alert: HighErrorRate
            expr: |
              sum(rate(http_requests_total{status=~"5.."}[5m]))  # of all services
                / sum(rate(http_requests_total[5m])) > 0.05
      - name: logs, for Loki
        rules:
          - alert: Panics
            expr: sum by (app) (count_over_time({app="orders"} |= "panic" [5m])) > 0
    ```

    Unknown, filled in by somebody else:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: rate(errors_total[${WINDOW}]) > 1
    ```

    Unknown, of VictoriaMetrics:
    ```yaml
    apiVersion: operator.victoriametrics.com/v1beta1
    kind: VMRule
    metadata: {name: orders}
    spec:
      groups:
        - name: order-service
          rules:
            - alert: Slow
              expr: histogram_share(0.2, sum by (vmrange) (rate(latency_bucket[5m]))) < 0.9
    ```
    """
    if not rule.node["expr"].present:
        yield Finding(rule, f"{_name(rule)} has no expression")
        return
    text = rule.expr.text
    try:
        parse(text)
    except Malformed as error:
        if _FILLED_IN.search(text):
            words = f"{_name(rule)}: its expression is filled in before Prometheus reads it"
            yield Unknown(rule.expr, words, Reason.TEMPLATE_UNRENDERED)
        elif isinstance(error, Unsupported) or rule.group.language == "metricsql":
            yield Unknown(rule.expr, f"{_name(rule)}: {error}", Reason.UNSUPPORTED_TOOL)
        else:
            yield Finding(rule.expr, f"{_name(rule)} is not valid PromQL: {error}")


def _name(rule: GroupedRule) -> str:
    return rule.name.rpartition("/")[2]
