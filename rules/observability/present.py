from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links import alarms, deploys
from gatekeeper.links.alerting import for_production
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, Reason, absent, rule


@rule(
    "alert-present",
    gate="alerting",
    severity="high",
    seed="5.3 Alerting Rules",
    where=lambda repository, project: deploys(project).deploys,
)
def present(repository: Repository, project: Project) -> Iterator[Answer]:
    """What is deployed from here has alerts.

    Rules of Prometheus, of Loki and of Grafana itself count, and the alarms that Terraform and CloudFormation make
    (CloudWatch, Datadog, New Relic, Google, Azure, Grafana); one that always fires to prove that alerting works, is
    switched off, or only scales does not. Those of a staging environment or an example do not say what production has.
    That this repository has none does not say that nobody has: it is a fault only where `owns` in gatekeeper.yaml names
    alerts. Whether there is one for every service is not judged.

    Bad, they belong here: # expect: no alert
    ```yaml gatekeeper.yaml
    owns: [alerts]
    ```
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    spec: {selector: {app: app}, ports: [{port: 80}]}
    ```

    Good:
    ```yaml k8s/alerts.yaml
    apiVersion: monitoring.coreos.com/v1
    kind: PrometheusRule
    metadata: {name: app}
    spec:
      groups:
        - name: app
          rules:
            - alert: Down
              expr: up{job="app"} == 0
    ```

    Good, as Terraform:
    ```hcl
    resource "aws_cloudwatch_metric_alarm" "errors" {
      alarm_name          = "errors"
      comparison_operator = "GreaterThanThreshold"
      evaluation_periods  = 2
    }
    ```

    Bad, they are switched off: # expect: no alert
    ```yaml gatekeeper.yaml
    owns: [alerts]
    ```
    ```hcl
    resource "aws_cloudwatch_metric_alarm" "errors" {
      alarm_name          = "errors"
      comparison_operator = "GreaterThanThreshold"
      evaluation_periods  = 2
      actions_enabled     = false
    }

    resource "aws_cloudwatch_metric_alarm" "busy" {
      alarm_name          = "busy"
      comparison_operator = "GreaterThanThreshold"
      evaluation_periods  = 2
      alarm_actions       = [aws_autoscaling_policy.more.arn]
    }

    resource "newrelic_nrql_alert_condition" "errors" {
      name    = "errors"
      enabled = false
    }
    ```

    Unknown, those of production are elsewhere:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    spec: {selector: {app: app}, ports: [{port: 80}]}
    ```
    ```yaml overlays/staging/alerts.yaml
    groups:
      - name: app
        rules:
          - alert: Down
            expr: up{job="app"} == 0
    ```

    Unknown, nobody said whose they are:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    spec: {selector: {app: app}, ports: [{port: 80}]}
    ```
    """
    found = alarms(project)
    if any(map(for_production, found)):
        return
    unread = [fault for fault in project.faults if fault.technology == "prometheus"]
    if unread:
        words = f"the alerts cannot be read: {unread[0].source.path}: {unread[0].message}"
        reason = Reason.UNREADABLE if unread[0].reason == "unreadable" else Reason.TEMPLATE_UNRENDERED
        yield Unknown(repository, words, reason)
    elif found:
        words = f"all {len(found)} alerts here are for a trial, as {found[0].title}: whether production has any is open"
        yield Unknown(found[0], words, Reason.NEEDS_HUMAN)
    else:
        yield absent(project, "alerts", "no alert here")
