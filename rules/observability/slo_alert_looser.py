from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links.slos import (
    Late,
    Loose,
    compared,
    counts_requests,
    guards,
    made_alerts,
    of_another,
    shown,
    signal_of,
    stands,
    waits_too_long,
)
from gatekeeper.models.alarms import Alarm
from gatekeeper.models.slo import Objective
from gatekeeper.rule import Answer, Reason, rule

_EQUAL = 1.001  # a factor below it is none


def _compared(objective: Objective, project: Project) -> bool:
    """Whether there are alerts of its kind."""
    if objective.indicator == "other" or not stands(objective, project) or not _fitting(objective, project):
        return False
    return not _only_outage(objective, project) or bool(waits_too_long(objective, project))


def _fitting(objective: Objective, project: Project) -> list[Alarm]:
    return [alarm for alarm in guards(objective, project).fitting if not of_another(objective, alarm, project)]


def _only_outage(objective: Objective, project: Project) -> bool:
    """Whether all that guards an availability tells of an outage as such (`up == 0`): it has no share to compare."""
    if objective.indicator != "availability":
        return False
    return all(
        signal_of(alarm, project) == "availability" and compared(objective, alarm, project) is None
        for alarm in guards(objective, project).fitting
    )


@rule(
    "slo-alert-looser",
    gate="slo",
    severity="high",
    seed="5.3 Alerting Rules; 5.4 SLO Targets",
    where=_compared,
)
def looser(objective: Objective, project: Project) -> Iterator[Answer]:
    """An alert fires before its objective is missed.

    With an objective of 0.1 percent errors and an alert at 5 percent, the service may fail its objective fifty times
    over, every day, and nobody is told. The bound of the alert is compared with the objective: the ratio of errors, the
    seconds of a latency at the same percentile, the share of time that something is up. Of several alerts for one
    objective the strictest counts.

    A bound for a fast failure is rightly looser where something else looks at the slow ones: an alert on how fast the
    budget is used up (burn rate) for the same service and indicator, also one that Sloth or Pyrra makes, settles it.
    An alert on the budget of another objective (`14.4 * 0.01` where 0.1 percent is promised), or on a rate more than
    fifty times the budget, settles nothing. An alert with several bounds, without a number, in another unit, or over
    errors where only availability is promised, is not known to be looser; nor is one where the objective has no unit.

    An alert that a service is down altogether has no share to compare. It is judged by how long it waits: where `for`
    is longer than all that an outage may last in the window of the objective (in a year, where none is written), the
    objective is missed before anybody is told.

    Bad:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | API | Latency (p95) | < 500ms |
    | API | Error Rate | < 0.1% |
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: orders
        rules:
          # expect: HighErrorRate fires above 5 %; docs/slo.md:6 promises < 0.1% (50x)
          - alert: HighErrorRate
            expr: sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.05
            for: 5m
          # expect: HighLatency fires above 1 s; docs/slo.md:5 promises < 500ms (2x)
          - alert: HighLatency
            expr: histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 1
            for: 5m
    ```

    Bad, it waits for a day; its budget is nine hours in a year:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target (%) |
    |---------|-----|----------------|
    | API | Availability | 99.9 |
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: orders
        rules:
          # expect: Down waits for 24 h; docs/slo.md:5 promises 99.9, which 8.76 h of outage in a year miss
          - alert: Down
            expr: up{job="api"} == 0
            for: 24h
    ```

    Bad, the budget that is watched is another one:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | API | Success ratio | 0.999 |
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: orders
        rules:
          # expect: ErrorBudgetBurn fires above 14.4 %; docs/slo.md:5 promises 0.999 (144x)
          - alert: ErrorBudgetBurn
            expr: |
              sum(rate(http_requests_total{status=~"5.."}[1h])) / sum(rate(http_requests_total[1h])) > 14.4 * 0.01
              and
              sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 14.4 * 0.01
    ```

    Good:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | API | Error Rate | < 0.1% |
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: orders
        rules:
          - alert: ManyErrors
            expr: sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.05
            for: 1m
            labels: {severity: critical}
          - alert: HighErrorRate
            expr: sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.001
            for: 30m
            labels: {severity: warning}
    ```

    Good, the budget is watched:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | API | Error Rate | < 0.1% |
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: orders
        rules:
          - alert: HighErrorRate
            expr: sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.05
            for: 5m
          - alert: ErrorBudgetBurn
            expr: |
              sum(rate(http_requests_total{status=~"5.."}[1h])) / sum(rate(http_requests_total[1h])) > 14.4 * 0.001
              and
              sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 14.4 * 0.001
    ```

    Unknown, 0.1 of what:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | API | Error Rate | < 0.1 |
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: orders
        rules:
          - alert: HighErrorRate
            expr: sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.05
            for: 5m
    ```

    Unknown, it counts and does not divide:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | API | Error Rate | < 0.1% |
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: orders
        rules:
          - alert: Errors
            expr: sum(rate(http_requests_total{status=~"5.."}[5m])) > 10
            for: 5m
    ```
    """
    if guards(objective, project).burning or made_alerts(objective, project):
        return  # what is slow is watched
    if objective.limit is None:
        words = f"whether {_fitting(objective, project)[0].title} is looser than {_promise(objective)} is not known"
        yield Unknown(objective, f"{words}: no number with a unit is read there", Reason.NEEDS_HUMAN)
        return
    late = waits_too_long(objective, project)
    if late:
        yield _late(objective, late)
        return
    fitting = _fitting(objective, project)
    comparable = [each for alarm in fitting for each in [compared(objective, alarm, project)] if each is not None]
    strictest = min(comparable, key=lambda each: each.factor, default=None)
    if strictest is not None and strictest.factor <= _EQUAL:
        return
    others = [alarm for alarm in fitting if compared(objective, alarm, project) is None]
    uncertain = objective.indicator == "availability" and not counts_requests(objective)
    if uncertain and strictest is not None and signal_of(strictest.alarm, project) == "error":
        words = (
            f"whether {strictest.alarm.title} is looser than {_promise(objective)} depends on what counts as available"
        )
        yield Unknown(strictest.alarm, words, Reason.NEEDS_HUMAN)
    elif strictest is not None:
        yield _looser(objective, strictest)
    elif others:
        words = f"whether {others[0].title} is looser than {_promise(objective)} cannot be told from its expression"
        yield Unknown(others[0], words, Reason.NEEDS_HUMAN)


def _late(objective: Objective, late: Late) -> Finding:
    window = f"in {objective.window / 86_400:g} days" if objective.window else "in a year"
    words = (
        f"{late.alarm.title} waits for {late.held / 3600:g} h; {_promise(objective)}, "
        f"which {late.budget / 3600:.3g} h of outage {window} miss"
    )
    return Finding(late.alarm, words, (Note(objective, f"{objective.called}: {objective.promise}"),), _SOONER)


_SOONER = Fix("wait for minutes: less than an outage may last")


def _promise(objective: Objective) -> str:
    return f"{objective.path}:{objective.span.line} promises {objective.promise}"


def _looser(objective: Objective, loose: Loose) -> Finding:
    bound = loose.bound
    side = "above" if bound.comparator[0] == ">" else "below"
    unit = "ratio" if objective.indicator != "latency" else bound.unit
    words = f"{loose.alarm.title} fires {side} {shown(bound.limit, unit)}; {_promise(objective)} ({loose.factor:.3g}x)"
    fix = Fix("lower the bound to the objective, or add an alert on how fast its budget is used up")
    return Finding(loose.alarm, words, (Note(objective, f"{objective.called}: {objective.promise}"),), fix)
