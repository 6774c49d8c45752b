from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.telemetry import OtelCollector, Pipeline
from gatekeeper.rule import rule

_HOLD = frozenset({"batch", "tail_sampling", "groupbytrace", "interval"})  # data, before they pass it on


def _types(pipeline: Pipeline) -> list[str]:
    return [node.text.partition("/")[0] for node in pipeline.processors]


@rule(
    "otel-memory-limiter-first",
    gate="monitoring",
    severity="low",
    seed="5.1 Monitoring",
    where=lambda collector: any("memory_limiter" in _types(each) for each in collector.pipelines),
)
def memory_limiter_first(collector: OtelCollector) -> Iterator[Finding]:
    """The memory limiter of an OpenTelemetry Collector stands before what holds data.

    It refuses what the collector has no memory for, so that whoever sent it tries again. Behind a processor that
    gathers data for a while (`batch`, `tail_sampling`, `groupbytrace`) nobody is told any more: what it refuses is
    lost. Others may stand before it.

    Bad:
    ```yaml
    receivers: {otlp: {protocols: {grpc: {}}}}
    processors: {batch: {}, memory_limiter: {check_interval: 1s, limit_mib: 400}}
    exporters: {otlphttp: {endpoint: "https://tempo.example.com"}}
    service:
      pipelines:
        traces:
          receivers: [otlp]
          # expect: memory_limiter stands behind batch
          processors: [batch, memory_limiter]
          exporters: [otlphttp]
    ```

    Good:
    ```yaml
    receivers: {otlp: {protocols: {grpc: {}}}}
    processors: {batch: {}, resource: {}, memory_limiter: {check_interval: 1s, limit_mib: 400}}
    exporters: {otlphttp: {endpoint: "https://tempo.example.com"}}
    service:
      pipelines:
        traces: {receivers: [otlp], processors: [resource, memory_limiter, batch], exporters: [otlphttp]}
    ```
    """
    for pipeline in collector.pipelines:
        types = _types(pipeline)
        at = types.index("memory_limiter") if "memory_limiter" in types else 0
        before = next((kind for kind in types[:at] if kind in _HOLD), "")
        if before:
            yield Finding(pipeline.processors[at], f"memory_limiter stands behind {before} in {pipeline.id}")
