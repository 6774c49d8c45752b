from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links.rule_sets import rule_tests
from gatekeeper.models.prometheus import Alert
from gatekeeper.rule import rule


def _pages(alert: Alert) -> bool:
    return not alert.silent and alert.severity is not None and alert.severity.known and alert.pages


@rule("alert-tested", gate="alerting", severity="low", seed="5.3 Alerting Rules", where=_pages)
def tested(alert: Alert, project: Project) -> Iterator[Finding]:
    """An alert that pages has a test.

    Whether an alert fires when it must, and only then, shows in an outage or in a test: `promtool test rules` runs the
    rules over series that are written down. A test is a file with `rule_files` and `alert_rule_test` that names the
    alert; what is in a folder of tests counts. Where there is no such file at all, that is said once.

    Bad:
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          # expect: HighErrorRate has no test
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: critical}
    ```

    Good:
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: critical}
    ```
    ```yaml monitoring/rules_test.yaml
    rule_files: [rules.yaml]
    tests:
      - input_series: [{series: "job:request_errors:ratio5m", values: "1 1 1"}]
        alert_rule_test: [{eval_time: 1m, alertname: HighErrorRate, exp_alerts: [{exp_labels: {severity: critical}}]}]
    ```
    """
    tests = rule_tests(project)
    first = _first(project)
    if not tests and first:
        yield Finding(first, f"{first.alert} has no test, nor has any other alert that pages", fix=_FIX)
    elif alert.alert not in tests:
        yield Finding(alert, f"{alert.alert} has no test", fix=_FIX)


_FIX = Fix("name it in the alert_rule_test of a test for promtool")


def _first(project: Project) -> Alert | None:
    return project.once("first alert that pages", lambda project: next(filter(_pages, project.all(Alert)), None))
