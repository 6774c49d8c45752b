"""Dashboards in every dress that they come in, where what they hold stands, and what it costs to read them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from gatekeeper.links.dashboards import dashboards, leads, provisioned, shows
from gatekeeper.links.measured import infrastructure
from gatekeeper.links.shown import served, shown
from gatekeeper.models.dashboards import Dashboard
from gatekeeper.node import Source, Unresolved
from gatekeeper.parsers import json as parser
from gatekeeper.project import Project
from gatekeeper.testing import project_of

PANEL = {"type": "timeseries", "title": "Errors", "targets": [{"refId": "A", "expr": "sum(rate(errors_total[5m]))"}]}
MODEL: dict[str, Any] = {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [PANEL]}
TEXT = json.dumps(MODEL, indent=2)


def of(**files: str) -> list[Dashboard]:
    return project(**files).all(Dashboard)


def project(**files: str) -> Project:
    return project_of([(path.replace("__", "/").replace("_dot_", "."), text) for path, text in files.items()])


def indented(text: str, by: int) -> str:
    return "\n".join(" " * by + line for line in text.splitlines())


CARRIED = {
    "a file": ("d_dot_json", TEXT),
    "the API's envelope": ("d_dot_json", json.dumps({"dashboard": MODEL, "overwrite": True}, indent=1)),
    "a byte order mark": ("d_dot_json", "\ufeff" + TEXT),
    "rows of old": (
        "d_dot_json",
        json.dumps({"title": "Orders", "uid": "orders", "schemaVersion": 14, "rows": [{"panels": [PANEL]}]}),
    ),
    "a collapsed row": ("d_dot_json", json.dumps({**MODEL, "panels": [{"type": "row", "panels": [PANEL]}]})),
    "a ConfigMap": (
        "d_dot_yaml",
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: d}}\ndata:\n  o.json: |-\n{indented(TEXT, 4)}\n",
    ),
    "a text in quotes": (
        "d_dot_yaml",
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: d}}\ndata:\n  o.json: {json.dumps(TEXT)}\n",
    ),
    "a list of ConfigMaps": (
        "d_dot_yaml",
        "apiVersion: v1\nkind: ConfigMapList\nitems:\n  - apiVersion: v1\n    kind: ConfigMap\n"
        f"    metadata: {{name: d}}\n    data:\n      o.json: |\n{indented(TEXT, 8)}\n",
    ),
    "a GrafanaDashboard": (
        "d_dot_yaml",
        "apiVersion: grafana.integreatly.org/v1beta1\nkind: GrafanaDashboard\nmetadata: {name: d}\n"
        f"spec:\n  json: >\n{indented(TEXT, 4)}\n",
    ),
    "values of a chart": ("values_dot_yaml", f"grafana:\n  dashboards:\n    d:\n      json: |\n{indented(TEXT, 8)}\n"),
    "a resource of Grafana": (
        "d_dot_yaml",
        "apiVersion: dashboard.grafana.app/v1beta1\nkind: Dashboard\nmetadata: {name: orders}\nspec: "
        + json.dumps({key: value for key, value in MODEL.items() if key != "uid"}),
    ),
    "its second schema": (
        "d_dot_json",
        json.dumps({
            "apiVersion": "dashboard.grafana.app/v2beta1", "kind": "Dashboard", "metadata": {"name": "orders"},
            "spec": {
                "title": "Orders", "layout": {"kind": "GridLayout"}, "variables": [],
                "elements": {"panel-1": {"kind": "Panel", "spec": {
                    "title": "Errors", "vizConfig": {"kind": "VizConfig", "group": "timeseries"},
                    "data": {"kind": "QueryGroup", "spec": {"queries": [{"kind": "PanelQuery", "spec": {
                        "refId": "A", "query": {"kind": "DataQuery", "group": "prometheus",
                                                "spec": {"expr": "sum(rate(errors_total[5m]))"}}}}]}}}}},
            },
        }),
    ),
}  # fmt: skip


@pytest.mark.parametrize("carried", CARRIED)
def test_a_dashboard_is_known_by_its_shape(carried: str) -> None:
    path, text = CARRIED[carried]
    [dashboard] = of(**{path: text})
    assert (dashboard.title, dashboard.uid) == ("Orders", "orders")
    [panel] = dashboard.panels
    assert (panel.title, panel.type) == ("Errors", "timeseries")
    [target] = panel.targets
    assert target.expr == "sum(rate(errors_total[5m]))"
    assert target.words == "Errors (A)"
    assert dashboard.at("title").text == "Orders"
    assert panel.at("title").text == "Errors"
    assert target.at("expr").text == target.expr
    assert target.at("nothing", "there").present is False
    assert dashboard.span.line <= len(text.splitlines())


@pytest.mark.parametrize("carried", ["a file", "a ConfigMap", "a list of ConfigMaps", "values of a chart"])
def test_a_value_stands_where_it_is_written(carried: str) -> None:
    path, text = CARRIED[carried]
    [dashboard] = of(**{path: text})
    node = dashboard.panels[0].targets[0].at("expr")
    assert Source(path, text).slice(node.span) == '"sum(rate(errors_total[5m]))"'
    assert node.key is not None
    assert Source(path, text).slice(node.key) == '"expr"'


@pytest.mark.parametrize(
    "text",
    [
        '{"panels": [], "name": "a plugin"}',
        '{"schemaVersion": 2, "panels": {"a": 1}}',
        '[{"schemaVersion": 39, "panels": []}]',
        '{"message": "schemaVersion and panels"}',
    ],
)
def test_what_has_not_its_shape_is_none(text: str) -> None:
    found = project(d_dot_json=text)
    assert not found.all(Dashboard)
    assert "dashboards" not in found.technologies()


def test_what_cannot_be_read_is_said() -> None:
    broken = project(d_dot_json='{"schemaVersion": 39, "panels": [}')
    assert [(fault.technology, fault.reason) for fault in broken.faults] == [("dashboards", "unreadable")]
    template = project(d_dot_json='{"schemaVersion": 39, "title": {{ .Values.title }}, "panels": []}')
    assert [fault.reason for fault in template.faults if fault.technology == "dashboards"] == ["template-unrendered"]


def test_hostile_values_do_no_harm() -> None:
    deep = '{"schemaVersion": 39, "panels": ' + "[" * 5000 + "]" * 5000 + "}"
    odd = json.dumps({
        "title": ["x"], "uid": {}, "schemaVersion": "x", "panels": [None, 1, {"targets": 3, "datasource": [1]}, {}],
        "templating": {"list": [None, {"name": 1, "type": "datasource", "query": {}}]}, "links": [{"url": ["x"]}, 4],
    })  # fmt: skip
    for dashboard in [*of(d_dot_json=odd), *of(d_dot_json=deep)]:
        assert list(dashboard.links) == []
        for panel in dashboard.panels:
            assert [target.asks_prometheus for target in panel.targets] == []
            assert (panel.unit, panel.mapped, panel.shared) == ("", False, False)


def test_data_sources_are_told_by_variables_inputs_and_names() -> None:
    model = {
        **MODEL, "__inputs": [{"name": "DS_LOGS", "type": "datasource", "pluginId": "loki"}],
        "templating": {"list": [{"name": "ds", "type": "datasource", "query": "prometheus"}]},
    }  # fmt: skip
    [dashboard] = of(d_dot_json=json.dumps(model))
    kinds = {
        "${ds}": "prometheus", "$ds": "prometheus", "${DS_LOGS}": "loki", "${DS_PROMETHEUS}": "prometheus",
        "Loki": "loki", "$other": "", "webstore-metrics": "",
    }  # fmt: skip
    assert {name: dashboard.source_kind(name) for name in kinds} == kinds
    assert dashboard.source_kind({"type": "prometheus", "uid": "x"}) == "prometheus"
    assert dashboard.source_kind({"uid": "${ds}"}) == "prometheus"


def test_terraform_makes_dashboards() -> None:
    main = """
    resource "grafana_dashboard" "here" {
      config_json = jsonencode({
        title = "Orders", uid = "orders", schemaVersion = 39
        panels = [{ type = "stat", title = "Up", targets = [{ expr = "up" }] }]
      })
    }
    resource "grafana_dashboard" "file" {
      config_json = file("${path.module}/payments.json")
    }
    resource "grafana_dashboard" "later" {
      config_json = jsonencode({ title = var.title, uid = "later", schemaVersion = 39, panels = [] })
    }
    variable "title" { type = string }
    """
    found = project(main_dot_tf=main, payments_dot_json=TEXT)
    known = [each for each in found.all(Dashboard) if each.known]
    assert sorted(each.path for each in known) == ["main.tf", "payments.json"]
    made = next(each for each in known if each.path == "main.tf")
    assert made.panels[0].targets[0].at("expr").text == "up"
    [open_one] = [each for each in found.all(Dashboard) if not each.known]
    with pytest.raises(Unresolved):
        _ = open_one.title
    assert len(dashboards(found)) == 3


def test_dashboards_that_are_only_named_count() -> None:
    named = """
    apiVersion: grafana.integreatly.org/v1beta1
    kind: GrafanaDashboard
    metadata: {name: nodes}
    spec: {url: "https://grafana.com/api/dashboards/1860/revisions/42/download"}
    """
    assert [each.title.text for each in dashboards(project(d_dot_yaml=named))] == ["nodes"]
    values = "grafana:\n  dashboards:\n    default:\n      nodes: {gnetId: 1860, revision: 42}\n"
    assert [each.title.text for each in dashboards(project(values_dot_yaml=values))] == ["nodes"]


def test_links_lead_to_a_uid() -> None:
    found = project(d_dot_json=TEXT)
    led = leads("https://grafana.example.com/d/orders/whatever?var-a=b", found)
    assert led is not None
    assert led.found is found.all(Dashboard)[0]
    wrong = leads("/d/elsewhere/orders", found)
    assert wrong is not None
    assert (wrong.found, wrong.meant) == (None, found.all(Dashboard)[0])
    assert leads("https://example.com/docs/d.html", found) is None


def test_data_sources_that_are_set_up_here() -> None:
    inside = "apiVersion: 1\\ndatasources:\\n  - {name: Logs, uid: logs}"
    found = project(
        p__datasources_dot_yaml="apiVersion: 1\ndatasources:\n  - {name: Metrics, uid: metrics}\n",
        k8s__map_dot_yaml=f'apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: g}}\ndata: {{d.yaml: "{inside}"}}\n',
    )
    assert provisioned(found) == {"Metrics", "metrics", "Logs", "logs"}


def test_what_a_dashboard_shows() -> None:
    expr = "histogram_quantile(0.9, sum(rate(request_duration_seconds_bucket[5m])) by (le))"
    panels = [{"type": "stat", "title": "a", "datasource": "prometheus", "targets": [{"expr": expr}]}]
    [dashboard] = of(d_dot_json=json.dumps({**MODEL, "panels": panels}))
    assert shows(dashboard) == ("latency and throughput",)


WORKLOAD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: order-service}
spec:
  selector: {matchLabels: {app: order-service}}
  template:
    metadata: {labels: {app: order-service}}
    spec: {containers: [{name: app, image: "a:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: orders}
spec: {selector: {app: order-service}, ports: [{port: 80}]}
"""


@pytest.mark.parametrize(
    ("expr", "title", "own", "shared"),
    [
        ('up{job="order-service"}', "Shop", True, False),
        ('up{job=~"payments|orders"}', "Shop", True, False),
        ("rate(order_service_requests_total[5m])", "Shop", True, False),
        ("sum(rate(http_requests_total[5m]))", "Order Service", True, False),
        ('up{job="payments"}', "Order Service", False, True),  # another's, called alike
        ('up{job="$job"}', "Shop", False, True),
        ('up{job="payments"}', "Reorder services", False, False),
        ('up{job="order-service-canary"}', "Shop", False, False),
    ],
)
def test_whose_a_dashboard_is(expr: str, title: str, own: bool, shared: bool) -> None:
    panels = [{"type": "stat", "datasource": "prometheus", "targets": [{"expr": expr}]}]
    model = json.dumps({"title": title, "uid": "x", "schemaVersion": 39, "panels": panels})
    found = project(k8s__app_dot_yaml=WORKLOAD, d__x_dot_json=model)
    [workload] = served(found)
    about = shown(workload, found)
    assert (bool(about.own), bool(about.shared)) == (own, shared)


def test_what_shows_nothing_is_about_nobody() -> None:
    query = 'rate(errors_total{job="order-service"}[5m])'
    for panel in ({"type": "text"}, {"type": "stat", "targets": [{"expr": query, "hide": True}]}):
        model = json.dumps({"title": "Order Service", "uid": "x", "schemaVersion": 39, "panels": [panel]})
        found = project(k8s__app_dot_yaml=WORKLOAD, d__x_dot_json=model)
        assert shown(served(found)[0], found).own == []
    trial = json.dumps({**MODEL, "title": "Order Service"})
    found = project(k8s__app_dot_yaml=WORKLOAD, examples__x_dot_json=trial)
    assert shown(served(found)[0], found) == ([], [])


def test_a_metric_belongs_to_the_longest_name() -> None:
    query = "rate(order_service_db_errors_total[5m])"
    model = json.dumps({
        "title": "Shop", "uid": "x", "schemaVersion": 39,
        "panels": [{"type": "stat", "datasource": "prometheus", "targets": [{"expr": query}]}],
    })  # fmt: skip
    other = WORKLOAD.replace("order-service", "order-service-db").replace("name: orders", "name: db")
    alone = project(k8s__app_dot_yaml=WORKLOAD, d__x_dot_json=model)
    both = project(k8s__app_dot_yaml=WORKLOAD, k8s__db_dot_yaml=other, d__x_dot_json=model)
    for found, own in ((alone, {"order-service"}), (both, {"order-service-db"})):
        assert {each.object_name for each in served(found) if shown(each, found).own} == own


def test_what_measures_machines() -> None:
    assert infrastructure(project(k8s__app_dot_yaml=WORKLOAD)) is None
    collector = (
        "receivers: {hostmetrics/all: {}}\nexporters: {otlp: {endpoint: 'x:4317'}}\n"
        "service: {pipelines: {metrics: {receivers: [hostmetrics/all], exporters: [otlp]}}}\n"
    )
    found = infrastructure(project(otel_dot_yaml=collector))
    assert found is not None
    assert found.words == "the receiver hostmetrics/all"
    release = """
    apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    metadata: {name: m}
    spec: {chart: {spec: {chart: kube-prometheus-stack}}}
    """
    found = infrastructure(project(m_dot_yaml=release))
    assert found is not None
    assert found.words == "the chart kube-prometheus-stack"


def test_one_value_of_a_large_file() -> None:
    source = Source("a.json", '{"a": {"b": [1, {"c": "x\\"y"}, []]}, "d": null}')
    assert parser.find(source, "a", "b", 1, "c").text == 'x"y'
    assert parser.find(source, "d").present is False
    assert parser.find(source, "d").key is not None
    assert parser.find(source, "a", "b", 2).is_list
    for steps in (("x",), ("a", 0), ("a", "b", 7), ("a", "b", 0, "c"), ("a", "b", 2, 0)):
        assert parser.find(source, *steps).present is False, steps


def test_many_large_dashboards_are_cheap() -> None:
    panels = [{**PANEL, "id": n, "description": "x" * 900, "datasource": {"type": "prometheus"}} for n in range(180)]
    text = json.dumps({**MODEL, "panels": panels}, indent=2)
    assert len(text) > 200_000
    files = {f"d{number}_dot_json": text for number in range(40)}
    begin = time.perf_counter()
    found = of(**files)
    assert sum(len(each.panels) for each in found) == 40 * 180
    assert [each.at("uid").text for each in found] == ["orders"] * 40
    assert time.perf_counter() - begin < 4
