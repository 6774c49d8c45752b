"""Everything here that alerts somebody, whoever evaluates it."""

from __future__ import annotations

from gatekeeper.models import Subject
from gatekeeper.models.prometheus import Alert
from gatekeeper.project import Project

ALARM_TYPES = frozenset({
    "aws_cloudwatch_metric_alarm",
    "aws_cloudwatch_composite_alarm",
    "azurerm_monitor_metric_alert",
    "azurerm_monitor_scheduled_query_rules_alert",
    "azurerm_monitor_scheduled_query_rules_alert_v2",
    "datadog_monitor",
    "datadog_monitor_json",
    "digitalocean_monitor_alert",
    "digitalocean_uptime_alert",
    "google_monitoring_alert_policy",
    "grafana_rule_group",
    "newrelic_alert_condition",
    "newrelic_infra_alert_condition",
    "newrelic_nrql_alert_condition",
    "newrelic_synthetics_alert_condition",
    "newrelic_synthetics_multilocation_alert_condition",
})  # fmt: skip


def alarms(project: Project) -> list[Subject]:
    """The alerts of Prometheus that tell somebody, and the alarms that Terraform makes."""
    return project.once("alarms", _alarms)


def _alarms(project: Project) -> list[Subject]:
    resource = Subject.registry.get("terraform.Resource")  # not imported: nothing to look for unless somebody read it
    resources = project.all(resource) if resource else []
    made = [each for each in resources if getattr(each, "type", "") in ALARM_TYPES]
    return [*(alert for alert in project.all(Alert) if not alert.silent), *made]
