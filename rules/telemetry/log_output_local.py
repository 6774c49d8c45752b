from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.collectors import arriving, together, unseen
from gatekeeper.models.telemetry import (
    AlloyConfig,
    Collector,
    FluentBitConfig,
    FluentdConfig,
    OtelCollector,
    PromtailConfig,
)
from gatekeeper.rule import Answer, Reason, rule


def _reads_logs(collector: Collector, project: Project) -> bool:
    """Whether it reads logs itself, and is the first to do so of those that are loaded with it."""
    if isinstance(collector, OtelCollector) or collector.trial or not collector.logs:
        return False
    reading = [each for each in together(collector, project) if each.sources]
    return bool(reading) and reading[0] is collector


@rule("log-output-local", gate="logging", severity="medium", seed="5.2 Logging", where=_reads_logs)
def output_local(collector: Collector, project: Project) -> Iterator[Answer]:
    """Whatever ships logs sends them somewhere else.

    Printed again, written to a file on the same machine, or thrown away: then the logs of a machine are gone with it,
    and nobody can search them in one place. Files that say of themselves that they are for a demonstration, a test or
    a developer's machine are not meant. What the OpenTelemetry Collector exports is a rule of its own.

    Bad:
    ```ini fluent-bit/fluent-bit.conf
    [INPUT]
        # expect: its logs go to stdout alone
        Name tail
        Path /var/log/containers/*.log
    [OUTPUT]
        Name  stdout
        Match *
    ```

    Bad, Promtail without a client:
    ```yaml promtail/promtail.yaml
    positions: {filename: /tmp/positions.yaml}
    clients: []
    scrape_configs:
      # expect: its logs go nowhere
      - job_name: system
        static_configs: [{targets: [localhost]}]
    ```

    Bad, in Grafana Alloy, whose sources go past it:
    ```hcl alloy/config.alloy
    // expect: its logs go to loki.echo alone
    loki.source.journal "host" {
      forward_to = [loki.echo.print.receiver]
    }
    loki.echo "print" {}
    loki.write "default" {
      endpoint { url = "https://loki.example.com/loki/api/v1/push" }
    }
    ```

    Bad, in Vector:
    ```yaml vector/vector.yaml
    sources:
      # expect: its logs go to console alone
      pods: {type: kubernetes_logs}
      host: {type: host_metrics}
    sinks:
      print: {type: console, inputs: [pods], encoding: {codec: json}}
      metrics: {type: prometheus_remote_write, inputs: [host], endpoint: "https://mimir.example.com"}
    ```

    Good:
    ```xml fluentd/fluent.conf
    <source>
      @type tail
      path /var/log/containers/*.log
    </source>
    <match **>
      @type copy
      <store>
        @type stdout
      </store>
      <store>
        @type elasticsearch
        host elastic.example.com
      </store>
    </match>
    ```

    Good, in Grafana Alloy:
    ```hcl alloy/config.alloy
    loki.source.kubernetes "pods" {
      targets    = discovery.kubernetes.pods.targets
      forward_to = [loki.write.default.receiver]
    }
    loki.write "default" {
      endpoint { url = "https://loki.example.com/loki/api/v1/push" }
    }
    ```

    Unknown, the outputs are in a file that is not here:
    ```ini fluent-bit/fluent-bit.conf
    [INPUT]
        Name tail
    @INCLUDE /fluent-bit/outputs/*.conf
    ```
    """
    configs = together(collector, project)
    if any(arriving(each, project) for each in configs):
        return
    outputs = [out.type for each in configs for out in each.outputs if out.type]
    where = " and ".join(sorted({kind for kind in outputs if kind in collector.local})[:3])
    words = f"its logs go to {where} alone" if where else "its logs go nowhere"
    source = next(each for each in collector.sources)
    away = unseen(collector, project) if isinstance(collector, (FluentBitConfig, FluentdConfig)) else None
    if collector.home.merged:
        yield Unknown(source.at, f"{words} here; {collector.home.merged}", Reason.TEMPLATE_UNRENDERED)
    elif away is not None or (not outputs and not isinstance(collector, (PromtailConfig, AlloyConfig))):
        yield Unknown(source.at, f"{words}, as far as what is loaded is here")
    else:
        yield Finding(source.at, words)
