from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project
from gatekeeper.links.slos import bounds_of, guards, made_alerts, of_another, stands
from gatekeeper.models.alarms import Alarm
from gatekeeper.models.slo import Objective
from gatekeeper.rule import Answer, rule


def _watched(objective: Objective, project: Project) -> list[tuple[Alarm, float, float]]:
    """The alerts on a percentile of its latency, each with that and the bound; 0 for a mean, which is none."""
    return [
        (alarm, bounds[0].quantile or 0.0, bounds[0].limit)
        for alarm in guards(objective, project).fitting
        for bounds in [bounds_of(alarm, project)]
        if not of_another(objective, alarm, project)
        and len(bounds) == 1
        and (bounds[0].quantile is not None or bounds[0].metric.endswith("_sum"))
        and bounds[0].unit == "seconds"
    ]


def _of_percentile(objective: Objective, project: Project) -> bool:
    if objective.indicator != "latency" or objective.quantile is None or objective.limit is None:
        return False
    if not stands(objective, project) or made_alerts(objective, project) or guards(objective, project).burning:
        return False
    return bool(_watched(objective, project))


@rule(
    "slo-alert-quantile",
    gate="slo",
    severity="medium",
    seed="5.3 Alerting Rules; 5.4 SLO Targets",
    where=_of_percentile,
)
def quantile(objective: Objective, project: Project) -> Iterator[Answer]:
    """A latency alert looks at the percentile that is promised.

    An objective for the 95th percentile says that one request in twenty may be slower. An alert on the median fires
    when half of them are: long after that, and one on the mean says nothing of either. One alert at the same percentile
    is enough. A higher percentile with a bound that is no looser fires earlier, and is good too; with a looser bound it
    says nothing about the objective.

    Bad:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | API | Latency (p95) | < 500ms |
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: orders
        rules:
          # expect: HighLatency looks at p50; docs/slo.md:5 promises p95
          - alert: HighLatency
            expr: histogram_quantile(0.5, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 0.5
            for: 5m
    ```

    Bad, a mean:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target (ms) |
    |---------|-----|-----------------|
    | API | Latency (p99) | 500 |
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: orders
        rules:
          # expect: HighLatency looks at the mean; docs/slo.md:5 promises p99
          - alert: HighLatency
            expr: |
              sum(rate(http_request_duration_seconds_sum[5m]))
                / sum(rate(http_request_duration_seconds_count[5m])) > 0.5
            for: 5m
    ```

    Good:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | API | Latency (p95) | < 500ms |
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: orders
        rules:
          - alert: HighLatency
            expr: histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 0.5
            for: 5m
    ```
    """
    watched = _watched(objective, project)
    asked, limit = objective.quantile or 0.0, objective.limit or 0.0
    if any(_same(share, asked) or (share > asked and bound <= limit) for _, share, bound in watched):
        return
    alarm, share, _ = watched[0]
    words = f"{alarm.title} looks at {_called(share)}; {objective.path}:{objective.span.line} promises {_called(asked)}"
    note = Note(objective, f"{objective.called}: {objective.promise}")
    yield Finding(alarm, words, (note,), Fix(f"take the {asked * 100:g}th percentile"))


def _same(one: float, other: float) -> bool:
    return abs(one - other) < 1e-6


def _called(share: float) -> str:
    return f"p{share * 100:g}" if share else "the mean"
