from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.slo import OpenSlo, filled
from gatekeeper.node import Node
from gatekeeper.rule import rule

_METHODS = ("Occurrences", "Timeslices", "RatioTimeslices")


def _is_slo(each: OpenSlo) -> bool:
    return each.version == "v1" and each.kind == "SLO"


@rule("slo-openslo-budgeting", gate="slo", severity="medium", seed="5.4 SLO Targets", where=_is_slo)
def budgeting(each: OpenSlo) -> Iterator[Finding]:
    """An SLO of OpenSLO says how its error budget is counted, with what that method needs.

    The same outage costs a quiet night little by occurrences and a full hour by time slices. `budgetingMethod` is
    Occurrences, Timeslices or RatioTimeslices. The last two need the length of a slice (`timeSliceWindow`) in every
    objective, Timeslices also the share that makes a slice a good one (`timeSliceTarget`).

    Bad:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    # expect: no budgetingMethod
    metadata: {name: orders}
    spec:
      objectives: [{target: 0.999}]
    ---
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: payments}
    spec:
      budgetingMethod: Timeslices
      objectives:
        # expect: no timeSliceTarget
        - {target: 0.999, timeSliceWindow: 1m}
    ```

    Good:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: orders}
    spec:
      budgetingMethod: Occurrences
      objectives: [{target: 0.999}]
    ---
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: payments}
    spec:
      budgetingMethod: Timeslices
      objectives: [{target: 0.999, timeSliceTarget: 0.95, timeSliceWindow: 1m}]
    ```

    Unknown, a template fills it in:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: orders}
    spec:
      budgetingMethod: "${METHOD}"
      objectives: [{target: 0.999}]
    ```
    """
    method = filled(each.spec["budgetingMethod"])
    if not method.present:
        yield Finding(each, "no budgetingMethod", fix=Fix("budgetingMethod: Occurrences"))
    elif method.text not in _METHODS:
        yield Finding(method, f"{method.text} is no budgeting method: {', '.join(_METHODS)}")
    else:
        needed = {"Timeslices": ("timeSliceTarget", "timeSliceWindow"), "RatioTimeslices": ("timeSliceWindow",)}
        for objective in each.spec["objectives"]:
            yield from _missing(objective, needed.get(method.text, ()), method.text)


def _missing(objective: Node, names: tuple[str, ...], method: str) -> Iterator[Finding]:
    for name in names:
        if not objective[name].present:
            first = next((child for _, child in objective.items()), objective)
            yield Finding(first, f"no {name}, which {method} needs")
