from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Unknown
from gatekeeper.models.telemetry import LokiConfig, filled_in
from gatekeeper.node import regex
from gatekeeper.rule import Answer, Reason, rule

_ZERO = regex(r"0+(?:ns|us|ms|s|m|h|d|w|y)?\Z", re.IGNORECASE)


@rule(
    "loki-retention",
    gate="logging",
    severity="medium",
    seed="5.2 Logging, Log levels and retention policies",
    where=lambda loki: not loki.trial,
)
def loki_retention(loki: LokiConfig) -> Iterator[Answer]:
    """Loki deletes logs after a time that somebody chose.

    It takes two settings: `limits_config.retention_period` says for how long, `compactor.retention_enabled` that
    anything is deleted at all. With one of them alone, or none, logs are kept for ever, cost more each month, and hold
    personal data that should be gone. `retention_stream` speaks of some streams only. For old versions the table
    manager counts. For how long is a decision of the service: that somebody took it is judged. Files that say of
    themselves that they are for a test or a developer's machine are not meant.

    Bad:
    ```yaml
    schema_config: {configs: []}
    limits_config:
      # expect: deletes nothing
      retention_period: 720h
    compactor:
      working_directory: /loki/compactor
    ```

    Bad, nothing is said:
    ```yaml
    schema_config: {configs: []}
    # expect: logs are kept for ever
    limits_config:
      ingestion_rate_mb: 8
    ```

    Good:
    ```yaml
    schema_config: {configs: []}
    limits_config:
      retention_period: 720h
    compactor:
      retention_enabled: true
      delete_request_store: s3
    ```

    Unknown, of the other streams nothing is said:
    ```yaml
    schema_config: {configs: []}
    limits_config:
      retention_stream:
        - {selector: '{namespace="dev"}', priority: 1, period: 24h}
    compactor: {retention_enabled: true}
    ```

    Unknown, whether it deletes:
    ```yaml
    schema_config: {configs: []}
    limits_config: {retention_period: 720h}
    compactor: {retention_enabled: "${LOKI_RETENTION:-false}"}
    ```

    Unknown, values of a chart:
    ```yaml values.yaml
    loki:
      schemaConfig: {configs: []}
      limits_config: {ingestion_rate_mb: 8}
    ```
    """
    enabled = loki.enabled
    open_ = enabled.present and filled_in(enabled.text)
    deletes = enabled.present and (open_ or enabled.text.lower() in ("true", "yes", "on"))
    period = loki.period
    of_all = period.present and not _ZERO.match(period.text)
    chosen = of_all or loki.by_stream
    if deletes and of_all and not open_:
        return
    if chosen and deletes:
        words = "whether anything is deleted is filled in when it starts" if open_ else "only some streams are deleted"
        yield Unknown(enabled if open_ else loki, words)
        return
    if chosen:
        at: Node | LokiConfig = period if period.present else loki
        words, fix = "a retention is set, but Loki deletes nothing", "set compactor.retention_enabled: true"
    else:
        at, words, fix = loki, "logs are kept for ever", "set limits_config.retention_period and enable the compactor's"
    if loki.home.merged:
        yield Unknown(at, f"{words}, by what stands here; {loki.home.merged}", Reason.TEMPLATE_UNRENDERED)
    else:
        yield Finding(at, words, (), Fix(fix))
