from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project
from gatekeeper.links.rule_sets import families, family, recordings, unrecorded
from gatekeeper.models.prometheus import GroupedRule
from gatekeeper.rule import Note, rule


def _uses(rule: GroupedRule, project: Project) -> bool:
    """Whether its query asks for a metric that is named like those that this repository records."""
    return rule.query is not None and any(
        ":" in name and (name in recordings(project) or family(name) in families(project))
        for name in rule.query.metrics
    )


@rule(
    "recording-rule-undefined",
    gate="alerting",
    severity="high",
    seed="5.3 Alerting Rules",
    aliases=["pint:rule/dependency"],
    where=_uses,
)
def undefined(rule: GroupedRule, project: Project) -> Iterator[Finding]:
    """What a rule asks for under a recorded name is recorded.

    A rule that asks for a metric which nobody records any more gives nothing, and an alert on it never fires. Names
    with a colon are recorded ones. Other rule sets may be loaded beside these, so only names are judged whose beginning
    (`slo:sli_error` of `slo:sli_error:ratio_rate5m`) some rule of this repository records.

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          - record: slo:sli_error:ratio_rate5m
            expr: sum(rate(errors_total[5m])) / sum(rate(requests_total[5m]))
          - alert: BudgetBurn
            # expect: slo:sli_error:ratio_rate1h is recorded nowhere
            expr: slo:sli_error:ratio_rate5m > 0.01 and slo:sli_error:ratio_rate1h > 0.01
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - record: slo:sli_error:ratio_rate5m
            expr: sum(rate(errors_total[5m])) / sum(rate(requests_total[5m]))
          - alert: BudgetBurn
            expr: slo:sli_error:ratio_rate5m > 0.01 and on () node:cpu_busy:avg5m < 1
    ```
    """
    for metric in unrecorded(rule, project):
        near = next((rules[0] for name, rules in recordings(project).items() if family(name) == family(metric)), None)
        see = (Note(near, "what is recorded beside it"),) if near else ()
        yield Finding(rule.expr, f"{rule.name.rpartition('/')[2]}: {metric} is recorded nowhere", see)
