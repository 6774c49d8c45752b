from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links import deploys
from gatekeeper.links.log_alerts import alerts_on_logs
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, Reason, absent, rule


@rule(
    "log-alerts",
    gate="logging",
    severity="high",
    seed="5.2 Logging, Log-based alerts",
    where=lambda repository, project: deploys(project).deploys,
)
def log_alerts(repository: Repository, project: Project) -> Iterator[Answer]:
    """What only logs tell raises an alert.

    Some faults no metric shows: a job that did not run, a certificate that was refused, a login as root. What counts:
    a rule of Loki's ruler, a metric filter of CloudWatch with an alarm on its metric, a log monitor of Datadog, a query
    alert of Azure Monitor, an alert policy of Google on lines or on a metric that is made of them, a condition of New
    Relic on `Log`, a rule of ElastAlert or of Kibana on logs. One that is switched off, or in a folder of examples,
    does not count; whether each service has one is not judged. That this repository has none does not say that nobody
    has: it is a fault only where `owns` in gatekeeper.yaml names logging.

    Bad, they belong here: # expect: no alert on logs
    ```yaml gatekeeper.yaml
    owns: [logging]
    ```
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    spec: {selector: {app: app}, ports: [{port: 80}]}
    ```

    Good:
    ```yaml k8s/rules.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: loki-rules}
    data:
      rules.yaml: |
        groups:
          - name: app
            rules:
              - alert: Panic
                expr: sum(count_over_time({app="orders"} |= "panic" [5m])) > 0
    ```

    Good, as Terraform:
    ```hcl
    resource "aws_cloudwatch_log_metric_filter" "root" {
      name           = "root"
      pattern        = "{ $.userIdentity.type = \\"Root\\" }"
      log_group_name = "trail"
      metric_transformation {
        name      = "RootUsage"
        namespace = "Security"
        value     = "1"
      }
    }
    resource "aws_cloudwatch_metric_alarm" "root" {
      alarm_name          = "root"
      comparison_operator = "GreaterThanThreshold"
      evaluation_periods  = 1
      threshold           = 0
      metric_name         = "RootUsage"
      namespace           = "Security"
    }
    ```

    Unknown, a metric of logs that no policy looks at:
    ```hcl
    resource "google_logging_metric" "errors" {
      name   = "errors"
      filter = "severity>=ERROR"
    }
    resource "google_monitoring_alert_policy" "cpu" {
      display_name = "cpu"
      combiner     = "OR"
      conditions {
        display_name = "cpu"
        condition_threshold { filter = "metric.type=\\"compute.googleapis.com/instance/cpu/utilization\\"" }
      }
    }
    ```

    Unknown, switched off:
    ```hcl
    resource "azurerm_monitor_scheduled_query_rules_alert_v2" "errors" {
      name    = "errors"
      enabled = false
    }
    ```

    Unknown, a query of metrics:
    ```yaml k8s/rules.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: rules}
    data:
      rules.yaml: |
        groups:
          - name: net
            rules:
              - alert: Busy
                expr: instance:network_bytes_rate:sum > 5
              - alert: Gone
                expr: count_over_time({__name__="up"}[5m]) < 5
    ```

    Unknown, nobody said where they stand:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    spec: {selector: {app: app}, ports: [{port: 80}]}
    ```
    """
    if alerts_on_logs(project):
        return
    unread = [fault for fault in project.faults if fault.technology == "prometheus"]
    if unread:
        words = f"the alerts cannot be read: {unread[0].source.path}: {unread[0].message}"
        reason = Reason.UNREADABLE if unread[0].reason == "unreadable" else Reason.TEMPLATE_UNRENDERED
        yield Unknown(repository, words, reason)
    else:
        yield absent(project, "logging", "no alert on logs here")
