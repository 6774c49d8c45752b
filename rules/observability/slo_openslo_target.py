from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.slo import OpenSlo, filled
from gatekeeper.node import Node
from gatekeeper.rule import rule


def _is_slo(each: OpenSlo) -> bool:
    return each.version == "v1" and each.kind == "SLO"


@rule("slo-openslo-target", gate="slo", severity="high", seed="5.4 SLO Targets", where=_is_slo)
def target(each: OpenSlo) -> Iterator[Finding]:
    """Every objective of OpenSLO has one target, at least 0 and below 1.

    A target of 99.9 where a ratio is asked can never be met, one of 1 leaves no budget at all: the first error breaks
    it for good, and the specification excludes it. Each objective has either `target` (a ratio: 0.999) or
    `targetPercent` (99.9), not both.

    Bad:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: orders}
    spec:
      objectives:
        # expect: 99.9 is no ratio
        - target: 99.9
        # expect: 1 leaves no budget
        - target: 1.0
        # expect: no target
        - displayName: Orders are taken
        # expect: target and targetPercent
        - {targetPercent: 99.9, target: 0.999}
    ---
    apiVersion: openslo/v1
    kind: SLO
    # expect: no objectives
    metadata: {name: payments}
    spec: {service: payments}
    ```

    Good:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: orders}
    spec:
      objectives:
        - target: 0.999
        - targetPercent: 99.5
    ```

    Unknown, a template fills it in:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: orders}
    spec:
      objectives:
        - target: "${TARGET}"
    ```
    """
    listed = each.spec["objectives"]
    if not listed.is_list or not len(listed):
        yield Finding(each, "no objectives: nothing is promised")
        return
    for objective in listed:
        yield from _judged(objective)


def _judged(objective: Node) -> Iterator[Finding]:
    ratio, percent = filled(objective["target"]), filled(objective["targetPercent"])
    first = next((child for _, child in objective.items()), objective)
    if not ratio.present and not percent.present:
        yield Finding(first, "no target", fix=Fix("target: 0.999"))
    elif ratio.present and percent.present:
        yield Finding(first, "target and targetPercent: one of them is passed over")
    else:
        node, most = (ratio, 1) if ratio.present else (percent, 100)
        number = node.number
        if number is None:
            yield Finding(node, f"{node.text} is no number")
        elif number == most:
            yield Finding(node, f"{number:g} leaves no budget: the first error breaks it")
        elif not 0 <= number < most:
            words = "no ratio: from 0 to below 1" if most == 1 else "no percentage: from 0 to below 100"
            yield Finding(node, f"{number:g} is {words}")
