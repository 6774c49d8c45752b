"""Collectors of logs, metrics and traces: any text gives components or a fault, in time that grows with its length."""

from __future__ import annotations

import re
import time
from fnmatch import fnmatchcase
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.links.collectors import overlap
from gatekeeper.links.log_promises import FOREVER, days_of
from gatekeeper.links.log_ways import ways
from gatekeeper.links.logs import flows
from gatekeeper.models.embedded import Text
from gatekeeper.models.telemetry import (
    AlloyConfig,
    BeatsConfig,
    Collector,
    FluentBitConfig,
    FluentdConfig,
    LokiConfig,
    OtelCollector,
    PromtailConfig,
    VectorConfig,
    alloy,
    fluentbit,
    fluentd,
    read,
    shippers,
    vector,
)
from gatekeeper.models.telemetry.collector import Home
from gatekeeper.node import Fault, Source, Span
from gatekeeper.testing import project_of

HOME = Home("")


def collectors(path: str, text: str) -> list[Collector]:
    return project_of([(path, text)]).all(Collector)


def ids(collector: Collector) -> list[tuple[str, str, str]]:
    return [(each.kind, each.id, each.type) for each in collector.components]


def line_of(collector: Collector, id: str) -> int:
    return next(each.at.span.line for each in collector.components if each.id == id)


def test_fluent_bit_classic() -> None:
    text = "[SERVICE]\n  Parsers_File p.conf\n@INCLUDE out.conf\n\n[INPUT]\n  Name tail\n  Tag kube.*\n# [OUTPUT]\n"
    [found] = collectors("fluent-bit/fluent-bit.conf", text)
    assert isinstance(found, FluentBitConfig)
    assert ids(found) == [("service", "", ""), ("input", "tail", "tail")]
    assert [node.text for node in found.includes] == ["out.conf"]
    assert [node.text for node in found.parser_files] == ["p.conf"]
    tag = found.components[1].get("tag")
    assert tag is not None
    assert tag.span == Span(7, 7, 7, 13)


def test_fluent_bit_in_a_config_map_keeps_its_lines() -> None:
    text = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fb}\ndata:\n  fluent-bit.conf: |\n    [INPUT]\n"
        "        Name tail\n    [OUTPUT]\n        Name loki\n        Match *\n        Host loki.example.com\n"
    )
    [found] = collectors("k8s/fb.yaml", text)
    assert found.name == "k8s/fb.yaml#ConfigMap/fb"
    assert line_of(found, "loki") == 9
    assert [each.type for each in found.remote] == ["loki"]
    [flow] = flows(project_of([("k8s/fb.yaml", text)]))
    assert (flow.sources, flow.destination) == (("tail",), "loki loki.example.com")


def test_a_folded_text_has_one_place() -> None:
    text = (
        'kind: ConfigMap\napiVersion: v1\nmetadata: {name: fb}\ndata:\n  a.conf: "[INPUT]\\n  Name tail\\n  Tag x\\n"\n'
    )
    [found] = collectors("k8s/fb.yaml", text)
    assert {each.at.span.line for each in found.components} == {5}


def test_fluentd_sections_labels_and_stores() -> None:
    text = (
        "@include conf.d/*.conf\n<source>\n  @type tail\n  @label @APP\n"
        "  <parse>\n    @type json\n  </parse>\n</source>\n"
        "<label @APP>\n  <match audit.** app.**>\n    @type copy\n    <store>\n      @type s3\n    </store>\n"
        "  </match>\n</label>\n"
    )
    [found] = collectors("fluentd/fluent.conf", text)
    assert isinstance(found, FluentdConfig)
    assert ids(found) == [("source", "", "tail"), ("match", "audit.** app.**", "copy"), ("label", "@APP", "")]
    assert found.components[1].within == "@APP"
    assert [each.type for each in found.remote] == ["s3"]


@pytest.mark.parametrize("text", ["<source>\n  @type tail\n", "<source>\n@type tail\n</match>\n"])
def test_fluentd_that_is_not_closed_is_a_fault(text: str) -> None:
    [fault] = project_of([("fluentd/fluent.conf", text)]).faults
    assert fault.technology == "telemetry"


def test_vector_in_toml_has_the_places_of_its_lines() -> None:
    text = '[sources.pods]\ntype = "kubernetes_logs"\n\n[sinks.loki]\ntype = "loki"\ninputs = [\n  "pods",\n]\n'
    [found] = collectors("vector/vector.toml", text)
    assert isinstance(found, VectorConfig)
    assert ids(found) == [("source", "pods", "kubernetes_logs"), ("sink", "loki", "loki")]
    assert line_of(found, "loki") == 4
    assert found.components[1].inputs[0].span == Span(7, 3, 7, 9)


def test_broken_toml_is_a_fault_at_its_line() -> None:
    [fault] = project_of([("vector/vector.toml", "[sources.pods]\ntype = \n[sinks.loki]\n")]).faults
    assert (fault.technology, fault.span.line) == ("telemetry", 2)


def test_otel_in_an_object_of_the_operator() -> None:
    text = (
        "apiVersion: opentelemetry.io/v1alpha1\nkind: OpenTelemetryCollector\nmetadata: {name: otel}\nspec:\n"
        "  config: |\n    receivers:\n      otlp:\n    exporters:\n      debug:\n      otlphttp/a:\n    service:\n"
        "      pipelines:\n        logs/x:\n          receivers: [otlp]\n          exporters: [otlphttp/a]\n"
    )
    [found] = collectors("k8s/otel.yaml", text)
    assert isinstance(found, OtelCollector)
    [pipeline] = found.pipelines
    assert (pipeline.signal, pipeline.exporters[0].text, pipeline.exporters[0].span.line) == ("logs", "otlphttp/a", 15)
    assert line_of(found, "otlphttp/a") == 10
    assert not found.home.merged


def test_values_of_a_chart_are_not_the_whole() -> None:
    text = "config:\n  exporters: {debug: {}}\n  service: {pipelines: {logs: {exporters: [debug]}}}\n"
    [found] = collectors("charts/otel/values.yaml", text)
    assert found.home.merged


def test_a_template_is_unknown() -> None:
    files = [
        ("chart/Chart.yaml", "apiVersion: v2\nname: x\nversion: 1.0.0\n"),
        ("chart/templates/fb.yaml", "kind: ConfigMap\ndata:\n  a.conf: |\n    [OUTPUT]\n    Name {{ .Values.out }}\n"),
    ]
    project = project_of(files)
    assert not project.all(Collector)
    assert "telemetry" in {fault.technology for fault in project.faults}


def test_a_definition_of_a_resource_configures_nothing() -> None:
    text = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n  sinks: {a: {type: object}}\n"
    assert collectors("crd.yaml", text) == []


def test_promtail_and_prometheus_are_told_apart() -> None:
    scrapes = "scrape_configs:\n  - job_name: pods\n"
    assert collectors("prometheus.yml", f"global: {{}}\n{scrapes}# clients:\n") == []
    [found] = collectors("promtail.yml", f"clients:\n  - url: https://loki/push\n{scrapes}")
    assert isinstance(found, PromtailConfig)
    assert [each.kind for each in found.components] == ["client", "scrape"]


@pytest.mark.parametrize(
    "text",
    [
        "filebeat.inputs:\n  - type: log\noutput.elasticsearch:\n  hosts: [a]\noutput.console.enabled: false\n",
        "filebeat:\n  inputs:\n    - type: log\noutput:\n  elasticsearch: {hosts: [a]}\n  console: {enabled: false}\n",
    ],
)
def test_beats_with_dots_and_without(text: str) -> None:
    [found] = collectors("filebeat.yml", text)
    assert isinstance(found, BeatsConfig)
    assert [each.type for each in found.outputs] == ["elasticsearch"]


def test_alloy_reads_past_strings_and_comments() -> None:
    text = (
        'logging {\n  level = "info"\n}\n// loki.write "no" { }\nloki.source.file "app" { /* } */\n'
        '  targets = [{__path__ = "}"}]\n  forward_to = [\n    loki.process.p.receiver,\n  ]\n}\n'
        'loki.process "p" {\n  forward_to = []\n  stage.json { expressions = { a = `}` } }\n}\n'
    )
    [found] = collectors("alloy/config.alloy", text)
    assert isinstance(found, AlloyConfig)
    assert [each.id for each in found.components] == ["logging", "loki.source.file.app", "loki.process.p"]
    [reference] = found.components[1].inputs
    assert (reference.text, reference.span.line) == ("loki.process.p.receiver", 8)
    assert found.components[2].get("forward_to") is not None


def test_loki_old_and_new() -> None:
    new = "schema_config: {}\nlimits_config: {retention_period: 30d}\ncompactor: {retention_enabled: true}\n"
    deletes = "table_manager: {retention_deletes_enabled: true, retention_period: 9h}\n"
    old = f"schema_config: {{}}\nlimits_config: {{}}\n{deletes}"
    for text, period in ((new, "30d"), (old, "9h")):
        [found] = project_of([("loki.yaml", text)]).all(LokiConfig)
        assert (found.period.text, found.enabled.text) == (period, "true")


def test_ways_of_charts_and_platforms() -> None:
    release = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: logs}\n"
        "spec: {chart: {spec: {chart: fluent-bit}}}\n"
    )
    lambda_ = 'resource "aws_lambda_function" "a" {\n  function_name = "a"\n}\n'
    found = ways(project_of([("k8s/logs.yaml", release), ("main.tf", lambda_)]))
    assert [each.words for each in found] == [
        "the chart fluent-bit of HelmRelease/logs", "the platform of aws_lambda_function.a",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("30 days", 30), ("1 year", 365), ("at least 90d", 90), ("12 months", 360), ("forever", FOREVER),
        ("72h", 3), ("[X] days", None), ("see policy", None), ("30 days (hot)", 30),
    ],
)  # fmt: skip
def test_days(text: str, days: float | None) -> None:
    assert days_of(text) == days


PATTERNS = st.text("ab.*", max_size=6)


@given(PATTERNS, PATTERNS)
def test_overlap_is_what_trying_finds(one: str, other: str) -> None:
    texts = ("".join(each) for length in range(7) for each in product("ab.", repeat=length))
    tried = any(fnmatchcase(text, one) and fnmatchcase(text, other) for text in texts)
    assert overlap(one, other) or not tried
    if overlap(one, other):  # a shortest common text is no longer than both together
        assert tried or len(one) + len(other) > 6


ECS = 'resource "aws_ecs_task_definition" "a" {\n  container_definitions = jsonencode([local.a])\n}\nlocals {\n  a = '
CHART = "  chart: {spec: {chart: "
RELEASE = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a}\nspec:\n"
SHIPPED = "sources: {pods: {type: kubernetes_logs}, host: {type: host_metrics}}\nsinks:\n"
DAEMON = (
    "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: a}\nspec: {selector: {matchLabels: {a: b}}, template: "
    "{metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'fluent/fluent-bit:3'}]}}}\n"
)


@pytest.mark.parametrize(
    ("path", "text", "sure"),
    [
        ("main.tf", ECS + '{ logConfiguration = { logDriver = "awslogs" } }\n}\n', True),
        ("main.tf", ECS + '{ LogConfiguration = { LogDriver = "awslogs" } }\n}\n', True),
        ("main.tf", ECS + '{ environment = [{ name = "SINK", value = "awslogs" }] }\n}\n', None),
        ("main.tf", ECS + '{ logConfiguration = { logDriver = "json-file" }, name = "syslog" }\n}\n', None),
        ("compose.yaml", "services: {a: {image: 'a:1', logging: {driver: journald}}}\n", None),
        ("compose.dev.yaml", "services: {a: {image: 'a:1', logging: {driver: gelf}}}\n", None),
        ("k8s/a.yaml", DAEMON, False),
        ("examples/a.yaml", DAEMON, None),
        ("k8s/a.yaml", RELEASE + CHART + "fluent-bit}}\n", True),
        ("k8s/a.yaml", RELEASE + "  suspend: true\n  chart: {spec: {chart: fluent-bit}}\n", False),
        ("k8s/a.yaml", RELEASE + CHART + "datadog}}\n", False),
        (
            "k8s/a.yaml",
            RELEASE + CHART + "datadog}}\n  values: {datadog: {logs: {enabled: true}}}\n",
            True,
        ),
        (
            "k8s/a.yaml",
            RELEASE + CHART + "loki-stack}}\n  values: {promtail: {enabled: false}}\n",
            False,
        ),
        ("main.tf", 'resource "helm_release" "a" {\n  chart = "vector"\n}\n', False),
        ("vector/a.yaml", SHIPPED + "  a: {type: loki, inputs: ['po*'], endpoint: 'https://a'}\n", True),
        ("vector/a.yaml", SHIPPED + "  a: {type: console, inputs: [pods]}\n  b: {type: http, inputs: [host]}\n", None),
    ],
)
def test_what_brings_logs_away_and_what_only_may(path: str, text: str, sure: bool | None) -> None:
    found = ways(project_of([(path, text)]))
    assert (any(not each.doubt for each in found) if found else None) is sure


SYNTAXES = (fluentbit.of_text, fluentd.of_text, alloy.of_text, vector.of_text, shippers.logstash_of)
WORDS = r"""[INPUT] [OUTPUT] [sinks.a] [sources ] @INCLUDE <source> </source> <match **> </match> <label @type
loki.write forward_to = [ ] " ` /* */ // { } ( ) , \ a.b.c type inputs '' [[a]] input output file ${A} #{B} Name x é"""
PIECES = st.sampled_from([*WORDS.split(), " ", "\n", "\r\n", "\t", "\u2028", 'loki.write "a" {\n', "<match **>\n"])


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map("".join)))
def test_any_text_gives_components_or_a_fault(text: str) -> None:
    for of_text in SYNTAXES:
        for found in of_text(Text(text, Source("a.conf", text)), HOME):
            assert isinstance(found, (Collector, Fault))
            if isinstance(found, Collector):
                assert all(each.at.span.line >= 1 for each in found.components)


NAMES = st.sampled_from(
    "receivers exporters processors connectors service pipelines logs sources sinks transforms inputs outputs type "
    "pipeline scrape_configs clients filebeat.inputs output.console output limits_config compactor a otlp spec".split()
)
TEXTS = st.sampled_from(["otlp", "a", "${X}", "[INPUT]\nName a\n"])
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=25,
)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_any_mapping_gives_subjects(value: object) -> None:
    import json

    source = Source("a.yaml", json.dumps(value))
    tree = project_of([]).tree
    for found in read(source, tree):
        if isinstance(found, Collector):
            assert found.name
            assert isinstance(found.remote, list)
            assert isinstance(found.logs, bool)


@pytest.mark.parametrize(
    "text",
    [
        '"' * 100_000, '"\\' * 50_000, "/*" * 50_000, "`" * 99_999, "a." * 50_000, "<match " * 20_000, "[" * 100_000,
        "[a" * 50_000, "\n[INPUT]" * 12_000, "a {" * 30_000, "forward_to = [" * 8_000, " " * 100_000 + "x",
        "<a>\n" * 30_000, "{{" * 50_000, "output {\n" * 12_000, "a" * 100_000 + " = ",
    ],
    ids=lambda text: re.sub(r"\W", "_", text[:8]),
)  # fmt: skip
def test_hostile_text_takes_linear_time(text: str) -> None:
    begin = time.process_time()
    for of_text in SYNTAXES:
        list(of_text(Text(text, Source("a.conf", text)), HOME))
    for path in ("a.alloy", "fluent.conf", "vector.toml", "logstash.conf"):
        list(read(Source(path, text), project_of([]).tree))
    assert time.process_time() - begin < 5
