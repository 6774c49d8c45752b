from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note
from gatekeeper.links.collectors import hidden
from gatekeeper.models.telemetry import Component, FluentdConfig, filled_in
from gatekeeper.rule import rule


def _matches(config: FluentdConfig) -> list[Component]:
    return [each for each in config.components if each.kind in ("match", "filter") and not filled_in(each.id)]


@rule(
    "fluentd-match-unreachable",
    gate="logging",
    severity="medium",
    seed="5.2 Logging",
    where=lambda config: len(_matches(config)) > 1,
)
def match_unreachable(config: FluentdConfig) -> Iterator[Finding]:
    """No match of Fluentd stands behind one that takes everything.

    Records go to the first `<match>` whose pattern fits, and nowhere else: what stands behind `<match **>` gets none,
    and a filter behind it filters nothing. Put the specific ones first. Labels are routes of their own.

    Bad:
    ```xml fluentd/fluent.conf
    <match **>
      @type elasticsearch
    </match>
    # expect: gets nothing
    <match audit.**>
      @type s3
    </match>
    ```

    Good:
    ```xml fluentd/fluent.conf
    <filter **>
      @type record_transformer
    </filter>
    <match audit.**>
      @type s3
    </match>
    <match **>
      @type elasticsearch
    </match>
    ```
    """
    for each, before in hidden(config):
        note = Note(before.at, f"<match {before.id}> takes it")
        yield Finding(each.at, f"<{each.kind} {each.id}> gets nothing: a match before it takes all", (note,))
