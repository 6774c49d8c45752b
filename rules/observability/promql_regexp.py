from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.prometheus import GroupedRule
from gatekeeper.node import regex
from gatekeeper.parsers.promql import Matcher
from gatekeeper.rule import rule

_PLAIN = regex(r"[\w /:@%,;<>=!#&~'\"-]*\Z")


def _patterns(rule: GroupedRule) -> list[Matcher]:
    if rule.query is None:
        return []
    return [each for selector in rule.query.selectors for each in selector.matchers if each.op in ("=~", "!~")]


@rule(
    "promql-regexp",
    gate="alerting",
    severity="low",
    seed="5.3 Alerting Rules",
    aliases=["pint:promql/regexp"],
    where=lambda rule: bool(_patterns(rule)),
)
def regexp(rule: GroupedRule) -> Iterator[Finding]:
    """A label is matched by a pattern only where one is needed, and without anchors.

    Patterns are anchored at both ends already: `^` and `$` say nothing, and mislead whoever changes them. A pattern
    without any sign of one is a value: `=` says so, and is faster.

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: Down
            # expect: job=~"orders" is a plain value
            expr: up{job=~"orders"} == 0
          - alert: Errors
            # expect: status=~"^5..$" is anchored already
            expr: rate(http_requests_total{status=~"^5..$"}[5m]) > 1
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: Down
            expr: up{job="orders", instance=~"10[.].*|"} == 0
          - alert: Errors
            expr: rate(http_requests_total{status=~"5.."}[5m]) > 1
    ```
    """
    name = rule.name.rpartition("/")[2]
    for each in dict.fromkeys(_patterns(rule)):
        if _PLAIN.match(each.value):
            plain = each._replace(op="!=" if each.op == "!~" else "=")
            yield Finding(rule.expr, f"{name}: {each} is a plain value", fix=Fix(str(plain)))
        elif "|" not in each.value and (each.value.startswith("^") or _ends(each.value)):
            yield Finding(rule.expr, f"{name}: {each} is anchored already", fix=Fix("leave out ^ and $"))


def _ends(pattern: str) -> bool:
    return pattern.endswith("$") and not pattern.endswith("\\$")
