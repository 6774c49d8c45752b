from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project
from gatekeeper.links.collectors import layers
from gatekeeper.models.telemetry import OtelCollector
from gatekeeper.rule import rule


def _judged(collector: OtelCollector) -> bool:
    return bool(collector.pipelines) and not collector.home.merged


@rule("otel-unused-component", gate="monitoring", severity="low", seed="5.1 Monitoring", where=_judged)
def unused_component(collector: OtelCollector, project: Project) -> Iterator[Finding]:
    """What an OpenTelemetry Collector defines is used.

    A component that no pipeline names does nothing: an exporter that was meant to be added, a memory limiter that
    limits nothing, a health check that is not switched on in `service.extensions`.

    Bad:
    ```yaml
    extensions:
      # expect: the extension health_check is used nowhere
      health_check: {}
    receivers: {otlp: {protocols: {grpc: {}}}}
    processors:
      # expect: the processor memory_limiter is used nowhere
      memory_limiter: {check_interval: 1s, limit_mib: 400}
    exporters: {otlphttp: {endpoint: "https://tempo.example.com"}}
    service:
      pipelines:
        traces: {receivers: [otlp], exporters: [otlphttp]}
    ```

    Good:
    ```yaml
    extensions: {health_check: {}}
    receivers: {otlp: {protocols: {grpc: {}}}}
    processors: {memory_limiter: {check_interval: 1s, limit_mib: 400}}
    exporters: {otlphttp: {endpoint: "https://tempo.example.com"}}
    service:
      extensions: [health_check]
      pipelines:
        traces: {receivers: [otlp], processors: [memory_limiter], exporters: [otlphttp]}
    ```
    """
    used = set[str]()
    for each in (collector, *layers(collector, project)):
        for pipeline in each.pipelines:
            used |= {node.text.strip() for part in pipeline[2:] for node in part}
        used |= {f"extension {node.text.strip()}" for node in each.extensions}
    for component in collector.components:
        name = f"extension {component.id}" if component.kind == "extension" else component.id
        if name not in used and not any("${" in each for each in used):
            yield Finding(component.at, f"the {component.kind} {component.id} is used nowhere")
