from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import deploys
from gatekeeper.links.alerting import alarms
from gatekeeper.links.slos import guards, made_alerts, objectives, stands
from gatekeeper.models.files import Repository
from gatekeeper.models.slo import Objective
from gatekeeper.rule import Answer, Measure, Reason, absent, rule

_JUDGED = ("availability", "latency", "error")


@rule(
    "slo-alerted",
    gate="slo",
    severity="medium",
    seed="5.4 SLO Targets; 5.3 Alerting Rules",
    where=lambda repository, project: bool(objectives(project)) or deploys(project).deploys,
)
def alerted(repository: Repository, project: Project) -> Iterator[Answer]:
    """Every objective has an alert.

    An objective that nobody is told about is read at the end of the month, when it is missed. For each objective of
    availability, latency or errors an alert of the same kind about the same service is looked for. What Sloth and Pyrra
    make of an objective counts, unless it is switched off, as do the alert policies of an OpenSLO object, a monitor
    that names an objective of Datadog, and an alert on how fast the budget is used up. Where no error rate is promised
    beside the availability, an alert on errors guards it too.

    That none fits is a fault only when every alert that may be about the service was recognised: an alert whose
    expression or service nobody can place makes it unknown. Objectives of another kind (freshness, throughput) are not
    judged.

    Bad:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | API | Error Rate | < 0.1% |
    | Database | Availability | 99.99% | <!-- expect: no alert for Database Availability -->
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: orders
        rules:
          - alert: HighErrorRate
            expr: sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.001
            for: 5m
    ```

    Good:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | API | Error Rate | < 0.1% |
    | Database | Availability | 99.99% |
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: orders
        rules:
          - alert: HighErrorRate
            expr: sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.001
            for: 5m
          - alert: DatabaseDown
            expr: pg_up == 0
    ```

    Good, Sloth makes the alerts:
    ```yaml slo/orders.yaml
    version: prometheus/v1
    service: orders
    slos:
      - name: availability
        objective: 99.9
        alerting: {name: OrdersFail}
    ```

    Bad, the alert leaves it out:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | checkout | Error Rate | < 0.1% | <!-- expect: no alert for checkout Error Rate -->
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: services
        rules:
          - alert: HighErrorRate
            expr: |
              sum(rate(http_requests_total{job!="checkout", status=~"5.."}[5m]))
                / sum(rate(http_requests_total{job!="checkout"}[5m])) > 0.001
            for: 5m
    ```

    Unknown, the alert is for staging alone:
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
            expr: |
              sum(rate(http_requests_total{env="staging", status=~"5.."}[5m]))
                / sum(rate(http_requests_total{env="staging"}[5m])) > 0.001
            for: 5m
    ```

    Unknown, the alert is about what may be something else:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | orders | Error Rate | < 0.1% |
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: exports
        rules:
          - alert: HighErrorRate
            expr: |
              sum(rate(http_requests_total{job="orders-history-export", status=~"5.."}[5m]))
                / sum(rate(http_requests_total{job="orders-history-export"}[5m])) > 0.001
            for: 5m
    ```

    Unknown, an alert that is not recognised:
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
          - alert: Trouble
            expr: trouble_level > 3
    ```

    Unknown, no alert here:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | API | Latency (p95) | < 500ms |
    ```
    """
    every = objectives(project)
    found = [each for each in every if each.indicator in _JUDGED and stands(each, project)]
    if not every:
        yield absent(project, "slo", "no objective here that an alert could guard")
    elif not found:
        words = (
            f"which alert guards the {len(every)} objectives is not known: none is of availability, latency or errors"
        )
        yield Unknown(every[0], words, Reason.UNSUPPORTED_TOOL)
    unguarded = [each for each in found if not _guarded(each, project)]
    if found:
        yield Measure(repository, f"{len(found) - len(unguarded)} of {len(found)} objectives have an alert", len(found))
    if unguarded and not alarms(project):
        yield _nothing(unguarded, project)
        return
    for each in unguarded:
        yield _missing(each, project)


def _guarded(objective: Objective, project: Project) -> bool:
    found = guards(objective, project)
    return bool(made_alerts(objective, project) or found.fitting or found.burning)


def _nothing(unguarded: list[Objective], project: Project) -> Answer:
    fault = next((fault for fault in project.faults if fault.technology == "prometheus"), None)
    if fault:
        words = f"the alerts cannot be read: {fault.source.path}: {fault.message}"
        reason = Reason.UNREADABLE if fault.reason == "unreadable" else Reason.TEMPLATE_UNRENDERED
        return Unknown(unguarded[0], words, reason)
    return absent(project, "alerts", f"no alert here for {unguarded[0].called} {unguarded[0].promise}")


def _missing(objective: Objective, project: Project) -> Answer:
    doubts = guards(objective, project).doubts
    title = f"no alert for {objective.called} {objective.promise}"
    if doubts:
        named = ", ".join(alarm.title for alarm in doubts[:3])
        words = f"{title} that is recognised; whether {named} guards it is not known"
        return Unknown(objective, words, Reason.NEEDS_HUMAN)
    fault = next((fault for fault in project.faults if fault.technology == "prometheus"), None)
    if fault:
        return Unknown(objective, f"{title}, but {fault.source.path} cannot be read", Reason.UNREADABLE)
    return Finding(objective, title, fix=Fix("add an alert on how fast its budget is used up"))
