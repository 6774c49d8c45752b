from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.slo import Pyrra
from gatekeeper.rule import rule


@rule("slo-pyrra-indicator", gate="slo", severity="medium", seed="5.4 SLO Targets")
def indicator(each: Pyrra) -> Iterator[Finding]:
    """Objectives of Pyrra have exactly one indicator.

    Pyrra refuses an objective that measures nothing, and of several it takes one and passes over the others. The
    indicators are `ratio`, `latency`, `latencyNative` and `bool_gauge`. Another spelling (`boolGauge`) is none.

    Bad:
    ```yaml
    apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    # expect: no indicator that Pyrra knows
    metadata: {name: orders}
    spec:
      target: "99.9"
      window: 4w
      indicator: {boolGauge: {metric: up}}
    ---
    apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    metadata: {name: payments}
    spec:
      target: "99.9"
      window: 4w
      indicator:
        # expect: ratio and bool_gauge
        ratio: {errors: {metric: 'e'}, total: {metric: 't'}}
        bool_gauge: {metric: up}
    ```

    Good:
    ```yaml
    apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    metadata: {name: orders}
    spec:
      target: "99.9"
      window: 4w
      indicator: {bool_gauge: {metric: probe_success}}
    ```
    """
    held = each.indicators
    if not held:
        there = [key for key, _ in each.spec["indicator"].items()] if each.spec["indicator"].is_mapping else []
        words = f"no indicator that Pyrra knows{f': {there[0]} is none' if there else ''}"
        yield Finding(each, words, fix=Fix("one of ratio, latency, latencyNative and bool_gauge"))
    elif len(held) > 1:
        yield Finding(held[0][1], f"{' and '.join(name for name, _ in held)}: only one of them is measured")
