from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project
from gatekeeper.links.rule_sets import rule_tests
from gatekeeper.models.files import Repository
from gatekeeper.models.prometheus import Alert
from gatekeeper.rule import rule


def _has_both(_: Repository, project: Project) -> bool:
    return bool(project.all(Alert)) and bool(rule_tests(project))


@rule("alert-test-unknown", gate="alerting", severity="medium", seed="5.3 Alerting Rules", where=_has_both)
def test_unknown(repository: Repository, project: Project) -> Iterator[Finding]:
    """Every alert that a test names exists.

    A test of an alert that was renamed or removed tests nothing. Where it expects that nothing fires, it even passes.
    Asked where both the alerts and their tests are here; a test of rules that cannot be read here is not judged.

    Bad:
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          - {alert: HighErrorRate, expr: "job:request_errors:ratio5m > 0.001"}
    ```
    ```yaml monitoring/rules_test.yaml
    rule_files: [rules.yaml]
    tests:
      - input_series: [{series: "job:request_errors:ratio5m", values: "1 1 1"}]
        alert_rule_test:
          # expect: there is no alert ErrorRateHigh
          - {eval_time: 1m, alertname: ErrorRateHigh}
    ```

    Good:
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          - {alert: HighErrorRate, expr: "job:request_errors:ratio5m > 0.001"}
    ```
    ```yaml monitoring/rules_test.yaml
    rule_files: [rules.yaml]
    tests:
      - input_series: [{series: "job:request_errors:ratio5m", values: "1 1 1"}]
        alert_rule_test:
          - {eval_time: 1m, alertname: HighErrorRate}
    ```
    """
    names = project.by(Alert, "alert")
    for name, tests in rule_tests(project).items():
        for test in tests if name not in names else ():
            if test.loads(project):
                yield Finding(test.node, f"there is no alert {name} in what this tests")
