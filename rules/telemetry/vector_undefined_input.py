from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.collectors import together
from gatekeeper.models.telemetry import VectorConfig, filled_in
from gatekeeper.rule import Answer, Reason, rule


def _takes_something(config: VectorConfig) -> bool:
    return any(each.kind in ("transform", "sink") for each in config.components)


@rule("vector-undefined-input", gate="logging", severity="high", seed="5.2 Logging", where=_takes_something)
def undefined_input(config: VectorConfig, project: Project) -> Iterator[Answer]:
    """The inputs of Vector's transforms and sinks exist.

    Vector does not start with an input that no file defines, or with a sink that has none. An output of a transform
    (`route.errors`) is named behind its id; a name with `*` means whatever matches. The files of a folder count as one
    configuration.

    Bad:
    ```yaml
    sources:
      pods: {type: kubernetes_logs}
    transforms:
      parse: {type: remap, inputs: [pods], source: ". = parse_json!(.message)"}
    sinks:
      loki:
        type: loki
        # expect: loki takes parsed, which is not defined
        inputs: [parsed]
        endpoint: https://loki.example.com
    ```

    Bad, in TOML:
    ```toml vector/vector.toml
    [sources.pods]
    type = "kubernetes_logs"

    # expect: the sink loki has no inputs
    [sinks.loki]
    type = "loki"
    endpoint = "https://loki.example.com"

    [sinks.s3]
    type = "aws_s3"
    # expect: s3 takes file, which is not defined
    inputs = ["file"]
    ```

    Good:
    ```yaml
    sources:
      pods: {type: kubernetes_logs}
      pods_of_nodes: {type: journald}
    transforms:
      split: {type: route, inputs: ["pods*"], route: {errors: '.level == "error"'}}
    sinks:
      loki: {type: loki, inputs: [split.errors, split._unmatched], endpoint: "https://loki.example.com"}
    ```

    Unknown, values of a chart:
    ```yaml values.yaml
    customConfig:
      sinks:
        loki: {type: loki, inputs: [pods], endpoint: "https://loki.example.com"}
      transforms:
        parse: {type: remap, inputs: [pods], source: "."}
    ```
    """
    configs = together(config, project)
    ids = {each.id for one in configs for each in one.components if each.kind != "sink"}
    whole = not config.home.merged and any(one.sources for one in configs)
    for each in config.components:
        if each.kind == "source":
            continue
        given = each.get("inputs")
        if given is None and each.get("graph") is None:
            yield Finding(each.at, f"the {each.kind} {each.id} has no inputs")
        for node in each.inputs:
            name = node.text
            if "*" in name or name in ids or any(name.startswith(f"{id}.") for id in ids):
                continue
            words = f"{each.id} takes {name}, which is not defined"
            if filled_in(name):
                yield Unknown(node, f"an input of {each.id} is filled in when it starts")
            elif whole:
                yield Finding(node, words)
            else:
                yield Unknown(node, f"{words} here: a part of a configuration", Reason.UNRESOLVED)
