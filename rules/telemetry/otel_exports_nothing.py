from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.collectors import layers
from gatekeeper.models.telemetry import OtelCollector, filled_in
from gatekeeper.models.telemetry.otel import PRINTS
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "otel-exports-nothing",
    gate="monitoring",
    severity="medium",
    seed="5.1 Monitoring",
    where=lambda collector: not collector.trial and any(each.exporters for each in collector.pipelines),
)
def exports_nothing(collector: OtelCollector, project: Project) -> Iterator[Answer]:
    """Every pipeline of an OpenTelemetry Collector sends somewhere.

    `debug`, `logging` and `nop` print what they get, or drop it: to begin with, or to look for a fault. What only they
    get can be searched by nobody. Files that say of themselves that they are for a demonstration or a test are not
    meant, nor those that another file of the same folder completes.

    Bad:
    ```yaml
    receivers: {otlp: {protocols: {grpc: {}}}}
    exporters: {debug: {}, otlphttp: {endpoint: "https://tempo.example.com"}}
    service:
      pipelines:
        traces: {receivers: [otlp], exporters: [otlphttp]}
        # expect: logs only prints
        logs: {receivers: [otlp], exporters: [debug]}
    ```

    Good:
    ```yaml
    receivers: {otlp: {protocols: {grpc: {}}}}
    exporters: {debug: {}, otlphttp: {endpoint: "https://tempo.example.com"}}
    service:
      pipelines:
        logs: {receivers: [otlp], exporters: [debug, otlphttp]}
    ```

    Unknown, the chart adds to it:
    ```yaml values.yaml
    config:
      receivers: {otlp: {protocols: {grpc: {}}}}
      exporters: {debug: {}}
      service:
        pipelines:
          logs: {receivers: [otlp], exporters: [debug]}
    ```
    """
    completed = {
        pipeline.id
        for each in layers(collector, project)
        for pipeline in each.pipelines
        if any(_type(node.text) not in PRINTS for node in pipeline.exporters)
    }
    for pipeline in collector.pipelines:
        names = [node.text for node in pipeline.exporters]
        if not names or pipeline.id in completed or any(_type(name) not in PRINTS for name in names):
            continue
        words = f"the pipeline {pipeline.id} only prints what it gets ({', '.join(sorted(set(names)))})"
        if collector.home.merged:
            yield Unknown(pipeline.at, f"{words}; {collector.home.merged}", Reason.TEMPLATE_UNRENDERED)
        else:
            yield Finding(pipeline.at, words)


def _type(name: str) -> str:
    return name if filled_in(name) else name.partition("/")[0].strip()
