from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Unknown
from gatekeeper.models.telemetry import BeatsConfig
from gatekeeper.rule import Answer, Reason, rule


@rule("beats-one-output", gate="logging", severity="high", seed="5.2 Logging")
def one_output(config: BeatsConfig) -> Iterator[Answer]:
    """Filebeat and the other Beats have exactly one output.

    A beat with two outputs, or none, does not start. One with `enabled: false` does not count.

    Bad:
    ```yaml
    filebeat.inputs:
      - type: filestream
        paths: [/var/log/*.log]
    output.elasticsearch:
      hosts: ["https://elastic.example.com:9200"]
    # expect: a second output
    output.logstash:
      hosts: ["logstash:5044"]
    ```

    Good:
    ```yaml
    filebeat.inputs:
      - type: filestream
        paths: [/var/log/*.log]
    output.elasticsearch:
      hosts: ["https://elastic.example.com:9200"]
    output.console:
      enabled: false
    ```

    Unknown, the operator adds it:
    ```yaml k8s/beat.yaml
    apiVersion: beat.k8s.elastic.co/v1beta1
    kind: Beat
    metadata: {name: logs}
    spec:
      type: filebeat
      elasticsearchRef: {name: logs}
      config:
        filebeat.inputs:
          - type: container
    ```
    """
    outputs = config.outputs
    if len(outputs) > 1:
        first = Note(outputs[0].at, f"the first, {outputs[0].type}")
        yield Finding(outputs[1].at, f"{outputs[1].type} is a second output: it does not start", (first,))
    elif not outputs and config.home.merged:
        yield Unknown(config, f"no output here; {config.home.merged}", Reason.TEMPLATE_UNRENDERED)
    elif not outputs:
        yield Finding(config, "no output: it does not start")
