from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Node, Project, Unknown
from gatekeeper.links.collectors import is_part, layers
from gatekeeper.models.telemetry import OtelCollector
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "otel-pipeline-incomplete",
    gate="monitoring",
    severity="high",
    seed="5.1 Monitoring",
    where=lambda collector: bool(collector.pipelines),
)
def pipeline_incomplete(collector: OtelCollector, project: Project) -> Iterator[Answer]:
    """Every pipeline of an OpenTelemetry Collector has a receiver and an exporter.

    With a pipeline that nothing enters or leaves the collector does not start. Nor does it with a connector that only
    one side uses: it ends one pipeline and begins another.

    Bad:
    ```yaml
    receivers: {otlp: {protocols: {grpc: {}}}}
    exporters: {otlphttp: {endpoint: "https://tempo.example.com"}}
    service:
      pipelines:
        traces: {receivers: [otlp], exporters: [otlphttp]}
        # expect: logs has no exporter
        logs: {receivers: [otlp], exporters: []}
        # expect: metrics has no receiver
        # expect: metrics has no exporter
        metrics:
    ```

    Bad, a connector that leads nowhere:
    ```yaml
    receivers: {otlp: {protocols: {grpc: {}}}}
    connectors:
      # expect: begins no pipeline
      spanmetrics: {}
    exporters: {otlphttp: {endpoint: "https://tempo.example.com"}}
    service:
      pipelines:
        traces: {receivers: [otlp], exporters: [otlphttp, spanmetrics]}
    ```

    Good:
    ```yaml
    receivers: {otlp: {protocols: {grpc: {}}}}
    connectors: {spanmetrics: {}}
    exporters: {otlphttp: {endpoint: "https://tempo.example.com"}}
    service:
      pipelines:
        traces: {receivers: [otlp], exporters: [otlphttp, spanmetrics]}
        metrics: {receivers: [spanmetrics], exporters: [otlphttp]}
    ```

    Unknown, the chart adds to it:
    ```yaml values.yaml
    config:
      exporters: {otlphttp: {endpoint: "https://tempo.example.com"}}
      service:
        pipelines:
          traces: {exporters: [otlphttp]}
    ```
    """
    others = layers(collector, project)
    missing = list(_missing(collector, others))
    if missing and (collector.home.merged or is_part(collector)):
        at, words = missing[0]
        why = collector.home.merged or "this file is a part of a configuration"
        reason = Reason.TEMPLATE_UNRENDERED if collector.home.merged else Reason.UNRESOLVED
        yield Unknown(at, f"{words} here; {why}", reason)
        return
    yield from (Finding(at, words) for at, words in missing)
    if others or collector.home.merged:
        return
    begins = {node.text for each in collector.pipelines for node in each.receivers}
    ends = {node.text for each in collector.pipelines for node in each.exporters}
    for connector in collector.by_kind.get("connector", {}).values():
        if (connector.id in begins) != (connector.id in ends):
            words = "begins no pipeline" if connector.id in ends else "ends no pipeline"
            yield Finding(connector.at, f"the connector {connector.id} {words}: the collector does not start")


def _missing(collector: OtelCollector, others: list[OtelCollector]) -> Iterator[tuple[Node, str]]:
    """The pipelines without a receiver or exporter, in this file or another that is given to the same collector."""
    for pipeline in collector.pipelines:
        same = [pipeline, *(each for other in others for each in other.pipelines if each.id == pipeline.id)]
        if not any(each.receivers for each in same):
            yield pipeline.at, f"the pipeline {pipeline.id} has no receiver"
        if not any(each.exporters for each in same):
            yield pipeline.at, f"the pipeline {pipeline.id} has no exporter"
