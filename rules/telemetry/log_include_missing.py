from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Node, Project, Unknown
from gatekeeper.links.collectors import included
from gatekeeper.models.telemetry import Collector, FluentBitConfig, FluentdConfig, filled_in
from gatekeeper.rule import Answer, Reason, rule


def _named(config: Collector) -> list[Node]:
    """The includes that name one file beside it."""
    if not isinstance(config, (FluentBitConfig, FluentdConfig)):
        return []
    return [node for node in config.includes if not _elsewhere(node.text.strip("\"'"))]


def _elsewhere(written: str) -> bool:
    return written[:1] == "/" or "*" in written or "://" in written or filled_in(written)


def _includes(config: Collector) -> bool:
    return bool(_named(config))


@rule("log-include-missing", gate="logging", severity="medium", seed="5.2 Logging", where=_includes)
def include_missing(config: Collector, project: Project) -> Iterator[Answer]:
    """The files that Fluent Bit and Fluentd include exist.

    With an include that leads nowhere neither of them starts. A name is looked for in a ConfigMap among its keys, and
    else beside the file that includes it; what is not there may still be put there with the image or a volume. An
    absolute path, or one with `*`, is not meant.

    Bad:
    ```yaml k8s/fluent-bit.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: fluent-bit}
    data:
      fluent-bit.conf: |
        [SERVICE]
            Flush 1
        @INCLUDE input.conf
        # expect: output.conf is not here
        @INCLUDE output.conf
      input.conf: |
        [INPUT]
            Name tail
            Tag  kube.*
    ```

    Good:
    ```ini fluent-bit/fluent-bit.conf
    [SERVICE]
        Flush 1
    @INCLUDE output.conf
    ```
    ```ini fluent-bit/output.conf
    [OUTPUT]
        Name  loki
        Match *
    ```

    Unknown, a file that is not here:
    ```xml fluentd/fluent.conf
    @include loki.conf
    <source>
      @type forward
    </source>
    ```

    Unknown, values of a chart:
    ```yaml values.yaml
    config:
      service: |
        [SERVICE]
            Flush 1
        @INCLUDE output.conf
    ```
    """
    for node in _named(config):
        if included(config, node, project):
            continue
        words = f"{node.text} is not here"
        if config.home.merged:
            yield Unknown(node, f"{words}; {config.home.merged}", Reason.TEMPLATE_UNRENDERED)
        elif "#" not in config.home.group:
            yield Unknown(node, f"{words}; it may come with the image or a volume")
        else:
            yield Finding(node, words)
