from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.prometheus import seconds
from gatekeeper.models.slo import Pyrra, filled
from gatekeeper.rule import rule


@rule("slo-pyrra-window", gate="slo", severity="medium", seed="5.4 SLO Targets")
def window(each: Pyrra) -> Iterator[Finding]:
    """Objectives of Pyrra say over which window they are measured.

    Pyrra refuses an objective without a window, or with one that is no duration of Prometheus (4w, 30d): its rules are
    not made, and neither are its alerts.

    Bad:
    ```yaml
    apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    # expect: no window
    metadata: {name: orders}
    spec: {target: "99.9"}
    ---
    apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    metadata: {name: payments}
    spec:
      target: "99.9"
      # expect: a month is no duration
      window: a month
    ```

    Good:
    ```yaml
    apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    metadata: {name: orders}
    spec: {target: "99.9", window: 4w}
    ```

    Unknown, a template fills it in:
    ```yaml
    apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    metadata: {name: orders}
    spec: {target: "99.9", window: "${WINDOW}"}
    ```
    """
    node = filled(each.spec["window"])
    if not node.present or node == "":
        yield Finding(each, "no window", fix=Fix("window: 4w"))
    elif not seconds(node):
        yield Finding(node, f"{node.text} is no duration of Prometheus", fix=Fix("window: 4w"))
