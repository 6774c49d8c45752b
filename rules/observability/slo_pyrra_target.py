from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.slo import Pyrra, filled
from gatekeeper.rule import rule


@rule("slo-pyrra-target", gate="slo", severity="medium", seed="5.4 SLO Targets")
def target(each: Pyrra) -> Iterator[Finding]:
    """Targets of Pyrra are percentages below 100.

    Pyrra takes the target for a percentage, in quotes. One below 1 was meant as a ratio: '0.999' lets 99.001 percent of
    all requests fail, and Pyrra only warns. Of 100 nothing may fail, so the budget is gone with the first error.

    Bad:
    ```yaml
    apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    metadata: {name: orders}
    spec:
      # expect: 0.999 percent
      target: "0.999"
      window: 4w
    ---
    apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    # expect: no target
    metadata: {name: payments}
    spec: {window: 4w}
    ```

    Good:
    ```yaml
    apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    metadata: {name: orders}
    spec:
      target: "99.9"
      window: 4w
    ```

    Unknown, a template fills it in:
    ```yaml
    apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    metadata: {name: orders}
    spec:
      target: "${TARGET}"
      window: 4w
    ```
    """
    node = filled(each.spec["target"])
    number = node.number
    if not node.present or node == "":
        yield Finding(each, "no target", fix=Fix('target: "99.9"'))
    elif number is None:
        yield Finding(node, f"{node.text} is no number")
    elif number == 100:
        yield Finding(node, "100 leaves no budget: the first error breaks it")
    elif not 0 < number < 100:
        yield Finding(node, f"{number:g} is no percentage that can be promised: above 0, below 100")
    elif number < 1:
        words = f"{number:g} percent lets nearly everything fail: it was perhaps meant as a ratio"
        yield Finding(node, words, fix=Fix(f'target: "{number * 100:g}"'))
