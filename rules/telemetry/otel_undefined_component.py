from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Node, Project, Unknown
from gatekeeper.links.collectors import defined, is_part
from gatekeeper.models.telemetry import OtelCollector, filled_in
from gatekeeper.rule import Answer, Reason, rule

_MAY_BE = {"receiver": ("receiver", "connector"), "exporter": ("exporter", "connector")}


def _named(collector: OtelCollector) -> Iterator[tuple[str, Node, str]]:
    """What is named, of which kind, and by whom."""
    for pipeline in collector.pipelines:
        for kind, nodes in (
            ("receiver", pipeline.receivers), ("processor", pipeline.processors), ("exporter", pipeline.exporters),
        ):  # fmt: skip
            yield from ((kind, node, f"the pipeline {pipeline.id}") for node in nodes)
    yield from (("extension", node, "the service") for node in collector.extensions)


@rule(
    "otel-undefined-component",
    gate="monitoring",
    severity="high",
    seed="5.1 Monitoring",
    where=lambda collector: bool(collector.pipelines or collector.extensions),
)
def undefined_component(collector: OtelCollector, project: Project) -> Iterator[Answer]:
    """What a pipeline of an OpenTelemetry Collector names is defined.

    A collector with a name in a pipeline that no section defines does not start: no metric, trace or log leaves the
    machine, and nothing tells of it. A connector counts as a receiver and as an exporter. Files of one folder may be
    given to one collector, where one of them cannot stand alone; the values of a chart are a part of what the chart
    writes, so what is missing there is not known.

    Bad:
    ```yaml
    receivers:
      otlp: {protocols: {grpc: }}
    exporters:
      otlphttp/tempo: {endpoint: https://tempo.example.com}
    service:
      pipelines:
        traces:
          receivers: [otlp]
          # expect: names the processor batch
          processors: [batch]
          exporters:
            - otlphttp/tempo
            # expect: names the exporter otlphttp/loki
            - otlphttp/loki
    ```

    Bad, in an object of the operator:
    ```yaml
    apiVersion: opentelemetry.io/v1beta1
    kind: OpenTelemetryCollector
    metadata: {name: gateway}
    spec:
      config:
        receivers: {otlp: {protocols: {grpc: {}}}}
        exporters: {debug: {}}
        service:
          # expect: names the extension health_check
          extensions: [health_check]
          pipelines:
            logs: {receivers: [otlp], exporters: [debug]}
    ```

    Bad, as text in a ConfigMap:
    ```yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: collector}
    data:
      config.yaml: |
        receivers:
          otlp: {protocols: {grpc: {}}}
        exporters:
          debug: {}
        service:
          pipelines:
            metrics:
              receivers: [otlp]
              # expect: names the exporter prometheusremotewrite
              exporters: [prometheusremotewrite]
    ```

    Good:
    ```yaml
    receivers:
      otlp: {protocols: {grpc: }}
    processors:
      batch:
    connectors:
      spanmetrics: {}
    exporters:
      otlphttp/tempo: {endpoint: "${env:TEMPO}"}
    service:
      pipelines:
        traces: {receivers: [otlp], processors: [batch], exporters: [otlphttp/tempo, spanmetrics]}
        metrics: {receivers: [spanmetrics], exporters: [otlphttp/tempo]}
    ```

    Good, a second file for the same collector:
    ```yaml otel/base.yaml
    receivers: {otlp: {protocols: {grpc: {}}}}
    exporters: {debug: {}}
    service:
      pipelines:
        traces: {receivers: [otlp], exporters: [debug]}
    ```
    ```yaml otel/extras.yaml
    exporters: {otlphttp/tempo: {endpoint: "https://tempo.example.com"}}
    service:
      pipelines:
        traces: {exporters: [debug, otlphttp/tempo]}
    ```

    Unknown, values of a chart:
    ```yaml values.yaml
    config:
      exporters: {otlphttp: {endpoint: "https://tempo.example.com"}}
      service:
        pipelines:
          traces: {receivers: [otlp, kafka], exporters: [otlphttp]}
    ```
    """
    known = {kind: defined(collector, project, *_MAY_BE.get(kind, (kind,))) for kind in _KINDS}
    away: list[Node] = []
    for kind, node, by in _named(collector):
        name = node.text.strip()
        if name in known[kind]:
            continue
        if filled_in(name):
            yield Unknown(node, f"{by} names a {kind} that is filled in when it starts")
        elif kind in collector.open or collector.home.merged or is_part(collector):
            away.append(node)
        else:
            yield Finding(node, f"{by} names the {kind} {name}, which is not defined")
    if away:
        names = ", ".join(dict.fromkeys(node.text for node in away[:5]))
        why = collector.home.merged or "the rest is in another file"
        reason = Reason.TEMPLATE_UNRENDERED if collector.home.merged else Reason.UNRESOLVED
        yield Unknown(away[0], f"{names} named here, and not defined here; {why}", reason)


_KINDS = ("receiver", "processor", "exporter", "extension")
