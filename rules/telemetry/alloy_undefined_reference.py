from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.collectors import together
from gatekeeper.models.telemetry import AlloyConfig
from gatekeeper.models.telemetry.alloy import NAMESPACES
from gatekeeper.rule import Answer, Reason, rule


@rule("alloy-undefined-reference", gate="logging", severity="high", seed="5.2 Logging")
def undefined_reference(config: AlloyConfig, project: Project) -> Iterator[Answer]:
    """The components that Grafana Alloy's components name exist.

    Alloy does not start, or does not take the new configuration, when `forward_to` names a component that no file
    defines. The files of a folder are loaded together.

    Bad:
    ```hcl alloy/config.alloy
    loki.source.file "app" {
      targets    = [{__path__ = "/var/log/app.log"}]
      // expect: loki.write.default.receiver
      forward_to = [loki.write.default.receiver]
    }
    loki.write "loki" {
      endpoint { url = "https://loki.example.com/loki/api/v1/push" }
    }
    ```

    Good:
    ```hcl alloy/config.alloy
    local.file_match "app" {
      path_targets = [{__path__ = "/var/log/app.log"}]
    }
    loki.source.file "app" {
      targets    = local.file_match.app.targets
      forward_to = [loki.write.loki.receiver]
    }
    loki.write "loki" {
      endpoint { url = sys.env("LOKI_URL") }
    }
    ```

    Unknown, values of a chart:
    ```yaml values.yaml
    alloy:
      configMap:
        content: |
          loki.source.podlogs "pods" {
            forward_to = [loki.write.default.receiver]
          }
    ```
    """
    known = {each.id for one in together(config, project) for each in one.components}
    for each in config.components:
        if each.type == "declare":
            continue  # has components of its own
        for node in each.inputs:
            steps = node.text.split(".")
            if steps[0] not in NAMESPACES or len(steps) < 4:
                continue
            if any(".".join(steps[:end]) in known for end in range(2, len(steps) + 1)):
                continue
            words = f"{each.id} names {node.text}: no such component"
            if config.home.merged:
                yield Unknown(node, f"{words} here; {config.home.merged}", Reason.TEMPLATE_UNRENDERED)
            else:
                yield Finding(node, words)
