"""What alerts measure: the signal, and the numbers that it is compared with, in base units."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatekeeper.links.alerting import alarms, guard_of
from gatekeeper.links.receivers import routed
from gatekeeper.models.alarms import Alarm
from gatekeeper.models.prometheus import Alert
from gatekeeper.models.promql_meaning import Limit, limits, meaning
from gatekeeper.project import Project
from gatekeeper.testing import project_of

_5XX = 'sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))'
_P95 = "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))"


@pytest.mark.parametrize(
    ("name", "expr", "signal"),
    [
        ("HighErrorRate", f"{_5XX} > 0.05", "error"),
        ("HighErrorRate", f"100 * ({_5XX}) > 5 and sum(rate(http_requests_total[5m])) > 0", "error"),
        (
            "Burn",
            "slo:sli_error:ratio_rate5m > (14.4 * 0.001) and slo:sli_error:ratio_rate1h > (14.4 * 0.001)",
            "error",
        ),
        ("Success", f"{_5XX.replace('5..', '2..', 1)} < 0.99", "error"),
        ("MailsFailing", "increase(mails_failed_total[15m]) > 5", "error"),
        ("ServerErrors", 'rate(rpc_total{status!="OK"}[5m]) > 1', "error"),
        ("ServerErrors", 'code:http_responses_total:irate1m{code="5xx"} > 20', "error"),  # a rule's rate
        ("ServerErrors", 'http_requests_total{code=~"^5..$"} > 10', "error"),
        ("Corrupted", "increase(wal_corruptions_total[5m]) > 0", "error"),
        ("QueueIsDropping", "rate(queue_alerts_dropped_total[5m]) > 0", "error"),
        ("CollectorError", "exporter_collector_success == 0", "error"),
        ("Slow", f"{_P95} > 1", "latency"),
        ("Slow", 'requests_completed_seconds:p95{type="api"} > 1.5', "latency"),
        ("Slow", "rule_group_last_duration_seconds > rule_group_interval_seconds", "latency"),
        ("Apdex", "avg(service_apdex:ratio) < 0.9", "latency"),
        (
            "Slow",
            '(increase(d_seconds_bucket{le="+Inf"}[5m]) - ignoring (le) increase(d_seconds_bucket{le="10"}[5m]))'
            ' / ignoring (le) increase(d_seconds_bucket{le="+Inf"}[5m]) > 0.1',
            "latency",
        ),
        ("Slow", "rate(http_time_seconds_sum[5m]) / rate(http_time_seconds_count[5m]) > 0.2", "latency"),
        ("Slow", 'rpc_duration_milliseconds{quantile="0.99"} > 500', "latency"),
        ("Slow", 'sum(rate(d_seconds_bucket{le="0.5"}[5m])) / sum(rate(d_seconds_count[5m])) < 0.95', "latency"),
        (
            "DiskSlow",
            "rate(node_disk_write_time_seconds_total[1m]) / rate(node_disk_writes_total[1m]) > 0.1",
            "latency",
        ),
        ("Down", 'up{job="orders"} == 0', "availability"),
        ("Down", 'absent(up{job="orders"} == 1)', "availability"),
        ("Down", "100 * count(up == 0) by (job) / count(up) by (job) > 10", "availability"),
        ("ProbeFailed", "probe_success == 0", "availability"),
        ("Replicas", "kube_deployment_spec_replicas != kube_deployment_status_replicas_available", "availability"),
        ("Replication", "partition_under_replicated_partition > 0", "availability"),
        ("NoBackends", "haproxy_backend_active_servers + haproxy_backend_backup_servers == 0", "availability"),
        ("Pdb", "pdb_status_desired_healthy - pdb_status_current_healthy > 0", "availability"),
        ("KubeletDown", 'count(kube_node_info) unless count(up{job="kubelet"} == 1)', "availability"),
        ("ClusterRed", 'elasticsearch_cluster_health_status{color="red"} == 1', "availability"),
        ("NotReady", 'kube_node_status_condition{condition="Ready", status="true"} == 0', "availability"),
        ("DiskFull", "node_filesystem_avail_bytes / node_filesystem_size_bytes < 0.1", "saturation"),
        ("Memory", "100 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes * 100 > 90", "saturation"),
        ("Connections", "pg_connections / pg_settings_max_connections * 100 > 80", "saturation"),
        ("QueueFull", "queue_length > 1000", "saturation"),
        ("Cpu", '1 - avg(rate(node_cpu_seconds_total{mode="idle"}[5m])) > 0.8', "saturation"),
        ("Load", "200 > node_load1 > 80", "saturation"),
        (
            "Quota",
            'kube_resourcequota{type="used"} / ignoring (type) (kube_resourcequota{type="hard"} > 0) > 1',
            "saturation",
        ),
        (
            "Pods",
            'max(kubelet_running_pods > 1) / max(kube_node_status_capacity{resource="pods"}) > 0.95',
            "saturation",
        ),
        ("NearFull", 'ceph_health_detail{name="OSD_NEARFULL"} == 1', "saturation"),
        ("Traffic", "sum(rate(http_requests_total[5m])) > 1000", "traffic"),
        ("Traffic", "sum(increase(stream_messages_total[5m])) < 100", "traffic"),
        # none of them, or not certainly
        ("DefragFrequent", "etcd_disk_defrag_inflight > 0", None),
        ("IdleHost", 'rate(node_cpu_seconds_total{mode="idle"}[1h]) > 0.8', None),
        ("Queries", "rate(query_duration_seconds_sum[2h]) > 4", None),
        ("Queues", "jobs:queue:ops:rate_5m > 0", None),
        ("IdleHost", "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes > 0.8", None),
        ("Certificate", "probe_ssl_earliest_cert_expiry - time() < 86400 * 14", None),
        ("RateLimited", 'sum(rate(acme_requests_total{status="429"}[5m])) > 0', None),
        ("ServiceDown", f"{_5XX} > 0.05", None),  # its name says something else
        ("Reload", "config_last_reload_successful == 0", None),
        ("Restarted", "process_uptime_seconds < 300", None),
        ("Temperature", "node_hwmon_temp_celsius > 80", None),
        ("Lag", "time() - last_backup_timestamp_seconds > 86400", None),
        ("Either", f"{_P95} > 1 or up == 0", None),
        ("Broken", "sum(rate(", None),
    ],
)
def test_signal(name: str, expr: str, signal: str | None) -> None:
    assert meaning(expr, name).signal == signal


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (f"{_5XX} > 0.05", [("http_requests_total", ">", 0.05, "ratio", None, 300)]),
        (f"({_5XX}) * 100 > 5", [("http_requests_total", ">", 0.05, "ratio", None, 300)]),
        (f"5 < 100 * {_5XX}", [("http_requests_total", ">", 0.05, "ratio", None, 300)]),
        ("1 - sum(rate(good[5m])) / sum(rate(all[5m])) > 0.01", [("good", ">", 0.01, "ratio", None, 300)]),
        (f"{_P95} > 1", [("http_request_duration_seconds_bucket", ">", 1, "seconds", 0.95, 300)]),
        (f"{_P95} * 1000 >= 500", [("http_request_duration_seconds_bucket", ">=", 0.5, "seconds", 0.95, 300)]),
        (
            "rate(d_milliseconds_sum[1m]) / rate(d_milliseconds_count[1m]) > 250",
            [("d_milliseconds_sum", ">", 0.25, "seconds", None, 60)],
        ),
        ("disk_used_percent > 90", [("disk_used_percent", ">", 0.9, "ratio", None, None)]),
        ("increase(mails_failed_total[15m]) > 5", [("mails_failed_total", ">", 5, "count", None, 900)]),
        (
            "time() - last_run_timestamp_seconds > 3600",
            [("last_run_timestamp_seconds", ">", 3600, "seconds", None, None)],
        ),
        (
            "e:ratio_rate5m > (14.4 * 0.001) and e:ratio_rate1h > (14.4 * 0.001)",
            [("e:ratio_rate5m", ">", 0.0144, "ratio", None, 300), ("e:ratio_rate1h", ">", 0.0144, "ratio", None, 3600)],
        ),
        ("a_seconds > 5 and sum(rate(b_total[5m])) > 0", [("a_seconds", ">", 5, "seconds", None, None)]),  # guarded
        ("a_seconds > b_seconds", []),
        ("a_seconds > 5 or a_seconds > on (x) b_seconds", []),  # all or none
        ("rate(io_bytes_total[5m]) / rate(packets_total[5m]) > 3", [("io_bytes_total", ">", 3, "", None, 300)]),
    ],
)
def test_limits(expr: str, expected: list[tuple[object, ...]]) -> None:
    assert limits(expr) == tuple(Limit(*each) for each in expected)  # type: ignore[arg-type]  # rows of the table


def _project(*files: tuple[str, str]) -> Project:
    return project_of(tuple(files))


_MADE = """
resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "orders-5xx"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 5
  evaluation_periods  = 2
  metric_query {
    id          = "rate"
    expression  = "bad / all * 100"
    return_data = true
  }
  metric_query {
    id = "bad"
    metric {
      metric_name = "HTTPCode_Target_5XX_Count"
      namespace   = "AWS/ApplicationELB"
      stat        = "Sum"
      period      = 60
      dimensions  = { LoadBalancer = "app/orders/1" }
    }
  }
  metric_query {
    id = "all"
    metric {
      metric_name = "RequestCount"
      namespace   = "AWS/ApplicationELB"
      stat        = "Sum"
      period      = 60
    }
  }
}
resource "aws_cloudwatch_metric_alarm" "slow" {
  alarm_name          = "slow"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.limit
  evaluation_periods  = 5
  period              = 60
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  extended_statistic  = "p95"
  dimensions          = { FunctionName = "orders" }
}
variable "limit" {}
resource "datadog_monitor" "errors" {
  name    = "Errors"
  type    = "query alert"
  message = "@pagerduty"
  query   = "sum(last_5m):sum:trace.http.request.errors{service:orders}.as_count() / sum:trace.http.request.hits{service:orders}.as_count() > 0.05"
}
resource "newrelic_nrql_alert_condition" "slow" {
  name = "Slow"
  nrql {
    query = "SELECT percentile(duration, 95) FROM Transaction WHERE appName = 'orders'"
  }
  critical {
    operator           = "above"
    threshold          = 0.5
    threshold_duration = 300
  }
}
resource "google_monitoring_alert_policy" "errors" {
  display_name = "errors"
  conditions {
    display_name = "5xx"
    condition_threshold {
      filter          = "resource.type = \\"cloud_run_revision\\" AND metric.type = \\"run.googleapis.com/request_count\\" AND metric.labels.response_code_class = \\"5xx\\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "300s"
      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_RATE"
      }
    }
  }
}
resource "azurerm_monitor_metric_alert" "cpu" {
  name   = "cpu"
  scopes = ["/subscriptions/x/orders"]
  criteria {
    metric_name = "CpuPercentage"
    aggregation = "Average"
    operator    = "GreaterThan"
    threshold   = 90
  }
}
resource "grafana_rule_group" "orders" {
  rule {
    name      = "Errors"
    condition = "C"
    data {
      ref_id = "A"
      model  = jsonencode({ expr = "sum(rate(http_requests_total{job=\\"orders\\", code=~\\"5..\\"}[5m]))" })
    }
    data {
      ref_id = "B"
      model  = jsonencode({ expr = "sum(rate(http_requests_total{job=\\"orders\\"}[5m]))" })
    }
    data {
      ref_id = "C"
      model  = jsonencode({ type = "math", expression = "$A / $B > 0.01" })
    }
  }
}
"""  # noqa: E501


def test_alarms_of_every_backend_say_the_same_things() -> None:
    project = _project(("main.tf", _MADE))
    said = {
        each.name: (each.backend, each.signal, sorted(each.services), [bound[:7] for bound in each.bounds])
        for each in alarms(project)
    }
    assert said == {
        "aws_cloudwatch_metric_alarm.errors": (
            "cloudwatch", "error", ["app/orders/1"],
            [("HTTPCode_Target_5XX_Count", ">", 0.05, "ratio", None, 60.0, 120.0)],
        ),
        "aws_cloudwatch_metric_alarm.slow": ("cloudwatch", "latency", ["orders"], []),
        "datadog_monitor.errors": (
            "datadog", "error", ["orders"], [("trace_http_request_errors", ">", 0.05, "ratio", None, 300.0, None)]
        ),
        "newrelic_nrql_alert_condition.slow": (
            "newrelic", "latency", ["orders"], [("duration_seconds", ">", 0.5, "seconds", 0.95, None, 300.0)]
        ),
        "google_monitoring_alert_policy.errors": (
            "google", "error", [], [("request_count", ">", 1.0, "", None, 60.0, 300.0)]
        ),
        "azurerm_monitor_metric_alert.cpu": (
            "azure", "saturation", ["orders"], [("cpu_used_percent", ">", 0.9, "ratio", None, None, None)]
        ),
        "grafana_rule_group.orders/Errors": (
            "grafana", "error", ["orders"], [("http_requests_total", ">", 0.01, "ratio", None, 300.0, None)]
        ),
    }  # fmt: skip
    assert {each.name for each in guard_of("orders", project).named} >= {"datadog_monitor.errors"}


def test_an_alarm_of_cloudformation_is_one_of_cloudwatch() -> None:
    template = """
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Errors:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/Lambda
      MetricName: Errors
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 0
      ComparisonOperator: GreaterThanThreshold
"""
    (alarm,) = _project(("template.yaml", template)).all(Alarm)
    assert (alarm.backend, alarm.signal, [bound.limit for bound in alarm.bounds]) == ("cloudwatch", "error", [0.0])


_RULE = """
groups:
  - name: orders
    rules:
      - alert: OrdersDown
        expr: up{{job=~"{job}"}} == 0
      - alert: Strange
        expr: strange > 1
"""


@pytest.mark.parametrize(("job", "named"), [("orders.*", True), ("prod-orders|bills", False), ("(a|b)+", False)])
def test_what_an_alert_is_about_is_a_pattern_at_most(job: str, named: bool) -> None:
    guard = guard_of(
        "orders-api", _project(("rules/other.yaml", _RULE.format(job=job).replace("name: orders", "name: x")))
    )
    assert (guard.signals == {"availability"}) is named
    assert "Strange" in {each.title for each in guard.open}  # it names nothing, and may be about it


_TREE = """
route:
  receiver: {default}
  routes:
    - matchers: [{matcher}]
      receiver: pager
receivers:
  - name: nobody
  - name: pager
    pagerduty_configs: [{{}}]
"""


@pytest.mark.parametrize(
    ("matcher", "reached", "certain"),
    [
        ("severity = critical", {"pager"}, True),
        ('severity =~ "page|critical"', {"pager"}, True),
        ("severity != critical", {"nobody"}, True),
        ("namespace = shop", {"nobody", "pager"}, False),
        ("severity =~ crit(ical)+", {"nobody", "pager"}, False),  # a pattern that is not run
    ],
)
def test_where_an_alert_goes(matcher: str, reached: set[str], certain: bool) -> None:
    rules = 'groups: [{name: a, rules: [{alert: A, expr: "up == 0", labels: {severity: critical}}]}]'
    tree = _TREE.format(default="nobody", matcher=f"'{matcher}'")
    project = _project(("rules.yaml", rules), ("alertmanager.yml", tree))
    found = routed(project.all(Alert)[0], project)
    assert found is not None
    assert ({each.name for each in found.receivers}, found.certain) == (reached, certain)


def test_the_parser_is_not_loaded_where_nothing_alerts(tmp_path: Path) -> None:
    import subprocess
    import sys

    (tmp_path / "a.yaml").write_text("kind: Service\napiVersion: v1\nmetadata: {name: a}\n")
    code = (
        "import sys; from gatekeeper.cli import main\n"
        "try: main(['audit', '.', '--exit-zero'])\n"
        "except SystemExit: pass\n"
        "late = {'promql_parser', 'gatekeeper.models.promql_meaning', 'gatekeeper.models.alarm_backends'}\n"
        "assert not late & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
