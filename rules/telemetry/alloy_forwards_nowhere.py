from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.telemetry import AlloyConfig
from gatekeeper.rule import rule


@rule(
    "alloy-forwards-nowhere",
    gate="logging",
    severity="medium",
    seed="5.2 Logging",
    where=lambda config: not config.trial and any(each.get("forward_to") is not None for each in config.components),
)
def forwards_nowhere(config: AlloyConfig) -> Iterator[Finding]:
    """What Grafana Alloy reads is forwarded to somebody.

    A component with `forward_to = []` drops all that reaches it.

    Bad:
    ```hcl alloy/config.alloy
    loki.source.journal "host" {
      // expect: forwards to nobody
      forward_to = []
    }
    ```

    Good:
    ```hcl alloy/config.alloy
    loki.source.journal "host" {
      forward_to = [loki.write.default.receiver]
    }
    loki.write "default" {
      endpoint { url = "https://loki.example.com/loki/api/v1/push" }
    }
    ```
    """
    for each in config.components:
        given = each.get("forward_to")
        if given is not None and given.text == "[]":
            yield Finding(given, f"{each.id} forwards to nobody")
