"""Alerts wherever they are written, and what is no alert."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.discover import Tree
from gatekeeper.models.prometheus import Alert, RecordingRule, RuleGroup, read
from gatekeeper.models.prometheus_server import Server
from gatekeeper.node import Fault, Source

RULES = """\
groups:
  - name: orders
    labels: {team: orders}
    rules:
      - record: job:errors:ratio5m
        expr: sum(rate(errors[5m])) / sum(rate(requests[5m]))
      - alert: HighErrorRate
        expr: |
          job:errors:ratio5m > 0.001
        labels: {severity: critical}
        annotations:
          summary: "{{ $value }} of requests fail"
"""


def found(text: str, path: str = "monitoring/rules.yaml") -> list[object]:
    source = Source(path, text)
    return list(read(source, Tree(Path("."), [path], {path: text})))


def indented(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" if line else "\n" for line in text.splitlines())


SHAPES = {
    "rule file": RULES,
    "PrometheusRule": f"apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nspec:\n{indented(RULES, 2)}",
    "values of a chart": f"server: {{}}\nserverFiles:\n  alerting_rules.yml:\n{indented(RULES, 4)}",
    "ConfigMap": f"kind: ConfigMap\ndata:\n  a: text\n  rules.yaml: |-  # rules\n{indented(RULES, 6)}  z: text\n",
    "ConfigMap, quoted": f"kind: ConfigMap\ndata: {{rules.yaml: {json.dumps(RULES)}}}\n",
    "List": f"kind: List\nitems:\n- kind: ConfigMap\n  data:\n    r: |\n{indented(RULES, 8)}",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_rules_in_every_shape(shape: str) -> None:
    subjects = found(SHAPES[shape])
    assert [type(subject) for subject in subjects] == [RuleGroup, RecordingRule, Alert]
    alert = subjects[2]
    assert isinstance(alert, Alert)
    assert alert.name == "orders/HighErrorRate"
    assert set(alert.labels) == {"team", "severity"}
    assert alert.pages
    assert alert.summary is not None
    assert alert.expr.text.strip() == "job:errors:ratio5m > 0.001"
    if shape != "ConfigMap, quoted":
        assert alert.node.source.slice(alert.span) == "HighErrorRate"


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(0, 4), st.sampled_from(["|", "|-", "|+"]), st.booleans())
def test_places_inside_a_config_map(indent: int, blank: int, style: str, more: bool) -> None:
    text = f"# first\nkind: ConfigMap\ndata:\n rules: {style}\n" + "\n" * blank + indented(RULES, 1 + indent)
    subjects = found(text + (" more: x\n" if more else ""))
    named = {subject.name: subject for subject in subjects if isinstance(subject, (Alert, RecordingRule, RuleGroup))}
    assert set(named) == {"orders", "orders/job:errors:ratio5m", "orders/HighErrorRate"}
    for name, subject in named.items():
        assert subject.node.source.slice(subject.span) == name.rpartition("/")[2]


@pytest.mark.parametrize(
    "text",
    [
        "rule_files: [rules.yaml]\ntests:\n  - alert_rule_test:\n      - alertname: X\n        exp_alerts: []\n",
        "groups:\n  - name: a\n    rules: []\n",
        "groups: [a, b]\nalert: x\n",
        "alert: x\nrecord: y\n",
        "apiVersion: 1\ngroups:\n  - name: grafana\n    rules: [{uid: a, title: b}]\nx:\n  - alert: no\n",
        "groups:\n  - rules: {alert: x}\n  - name: [1]\n    rules: [a, [b], null]\n",
        "",
    ],
)
def test_what_is_no_rule(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('groups:\n  - name: a\n    rules:\n      - alert: X\n        expr: "up\n', "unreadable"),
        (
            "groups:\n{{- if .Values.on }}\n  - name: a\n    rules:\n      - alert: X\n{{- end }}\n",
            "template-unrendered",
        ),
        ("kind: ConfigMap\ndata:\n  a: |\n    groups:\n      - alert: X\n     bad: [\n", "unreadable"),
    ],
)
def test_rules_that_cannot_be_read(text: str, reason: str) -> None:
    faults = found(text)
    assert [(fault.reason, fault.technology) for fault in faults if isinstance(fault, Fault)] == [
        (reason, "prometheus")
    ]


@pytest.mark.parametrize(
    ("expr", "burn_rate", "silent"),
    [
        ("vector(1)", False, True),
        ("vector(1) > 0", False, True),
        ("up == 0", False, False),
        ("absent(up)", False, False),
        ("err:rate5m > 0.1 and err:rate1h > 0.1", True, False),
        ("sum(rate(e[5m])) > 1 and sum(rate(e[1h])) > 1", True, False),
        ("slo:sli_error:ratio_rate5m > 1 AND on () slo:sli_error:ratio_rate30m > 1", True, False),
        ("sum(rate(e[5m])) > 1 and sum(rate(r[5m])) > 0", False, False),
        ("rate(brand5m[5m]) > rate(e[1h])", False, False),
    ],
)
def test_what_an_expression_is(expr: str, burn_rate: bool, silent: bool) -> None:
    alert = next(each for each in found(RULES.replace("job:errors:ratio5m > 0.001", expr)) if isinstance(each, Alert))
    assert (alert.burn_rate, alert.silent) == (burn_rate, silent)


def test_odd_shapes_are_no_crash() -> None:
    text = "groups: [{name: a, rules: [{alert: [x], expr: {a: b}, labels: [a], annotations: x}]}]\n"
    alert = next(each for each in found(text) if isinstance(each, Alert))
    assert (alert.labels, alert.annotations, alert.severity, alert.summary, alert.runbook) == ({}, {}, None, None, None)
    assert not alert.pages
    assert not alert.burn_rate


@pytest.mark.parametrize(
    ("path", "expr", "language"),
    [
        ("rules.yaml", 'sum(rate({app="a"} |= "error" [5m])) > 1', "logql"),
        ("rules.yaml", 'sum(rate({app="a"}[5m])) > 1', "logql"),
        ("rules.yaml", 'sum by (a) (up{job=~"json|xml"}) == 0', "promql"),
        ("rules.yaml", 'rate({__name__=~"a|b"}[5m]) > 0', "promql"),
        ("loki/rules.yaml", 'absent_over_time({app="a"}[5m]) or vector(0)', "logql"),
        ("loki/rules.yaml", "1 > 0", "logql"),
        ("loki/rules.yaml", "up == 0", "promql"),
        ("loki/rules.yaml", 'sum by (job) (loki_panics_total{job="a"}) > 0', "promql"),
    ],
)
def test_what_rules_are_written_in(path: str, expr: str, language: str) -> None:
    group, alert = found(f"groups:\n- name: a\n  rules:\n  - {json.dumps({'alert': 'A', 'expr': expr})}\n", path)
    assert isinstance(group, RuleGroup)
    assert isinstance(alert, Alert)
    assert group.language == language
    assert (alert.query is None) == (language == "logql")


CONFIG = """\
global: {scrape_interval: 1m, external_labels: {cluster: east}}
rule_files: ["rules/*.yml"]
scrape_configs:
  - {job_name: a, scrape_interval: 15s}
"""
OPERATOR = (
    "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: main}\nspec: {scrapeInterval: 30s}\n"
)
SERVERS = {
    "file": (CONFIG, "prometheus", 15),
    "ConfigMap": (f"kind: ConfigMap\ndata:\n  prometheus.yml: |\n{indented(CONFIG, 4)}", "prometheus", 15),
    "operator": (OPERATOR, "operator", 30),
    "chart": ("prometheus:\n  prometheusSpec:\n    scrapeInterval: 2m\n", "chart", 120),
}


@pytest.mark.parametrize("shape", SERVERS)
def test_a_server_in_every_shape(shape: str) -> None:
    text, made_by, every = SERVERS[shape]
    (server,) = found(text)
    assert isinstance(server, Server)
    assert server.made_by == made_by
    assert server.shortest == every
    assert server.by_file == (shape == "file")
    assert list(server.external_labels) == (["cluster"] if made_by == "prometheus" else [])


@pytest.mark.parametrize(
    "text",
    [
        "clients: [{url: http://loki}]\nscrape_configs: []\n",  # of an agent that ships logs
        "receivers: {prometheus: {config: {scrape_configs: []}}}\n",  # of a collector
        "rule_files: [a.yml]\nevaluation_interval: 1m\ntests: []\n",  # of promtool
        f"suite: rules\ntests:\n- set:\n{indented(RULES, 4)}",  # of a chart
    ],
)
def test_what_is_no_server_and_no_rule(text: str) -> None:
    assert found(text) == []
