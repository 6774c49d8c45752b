from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from gatekeeper import Finding, Project
from gatekeeper.links.collectors import together
from gatekeeper.models.telemetry import VectorConfig
from gatekeeper.rule import rule


def _whole(config: VectorConfig) -> bool:
    return bool(config.sources and config.outputs) and not config.home.merged


@rule("vector-unused", gate="logging", severity="low", seed="5.2 Logging", where=_whole)
def unused(config: VectorConfig, project: Project) -> Iterator[Finding]:
    """What Vector reads arrives somewhere.

    A source or a transform that nothing takes as its input is work for nothing, and often the sign of a sink that was
    forgotten. The files of a folder count as one configuration.

    Bad:
    ```yaml
    sources:
      pods: {type: kubernetes_logs}
      # expect: nothing takes what the source host yields
      host: {type: journald}
    sinks:
      loki: {type: loki, inputs: [pods], endpoint: "https://loki.example.com"}
    ```

    Good:
    ```yaml
    sources:
      pods: {type: kubernetes_logs}
      host: {type: journald}
    sinks:
      loki: {type: loki, inputs: ["*"], endpoint: "https://loki.example.com"}
    ```
    """
    taken = [node.text for one in together(config, project) for each in one.components for node in each.inputs]
    if any("${" in name for name in taken):
        return
    names = {part for name in taken for part in (name, name.partition(".")[0])}
    patterns = [name for name in taken if "*" in name]
    for each in config.components:
        if each.kind != "sink" and each.id not in names and not any(fnmatchcase(each.id, p) for p in patterns):
            yield Finding(each.at, f"nothing takes what the {each.kind} {each.id} yields")
