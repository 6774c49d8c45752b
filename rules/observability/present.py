from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links import alarms, deploys
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

    Prometheus rules count, and the alarms that Terraform makes (CloudWatch, Datadog, New Relic, Google, Azure,
    Grafana); one that always fires to prove that alerting works does not. That this repository has none does not say
    that nobody has: it is a fault only where `owns` in gatekeeper.yaml names alerts. Whether there is one for every
    service is not judged.

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

    Unknown, nobody said whose they are:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    spec: {selector: {app: app}, ports: [{port: 80}]}
    ```
    """
    if alarms(project):
        return
    unread = [fault for fault in project.faults if fault.technology == "prometheus"]
    if unread:
        words = f"the alerts cannot be read: {unread[0].source.path}: {unread[0].message}"
        reason = Reason.UNREADABLE if unread[0].reason == "unreadable" else Reason.TEMPLATE_UNRENDERED
        yield Unknown(repository, words, reason)
    else:
        yield absent(project, "alerts", "no alert here")
