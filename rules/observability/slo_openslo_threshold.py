from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Unknown
from gatekeeper.models.slo import OpenSlo, filled
from gatekeeper.node import Node
from gatekeeper.project import Project
from gatekeeper.rule import Answer, rule

_OPERATORS = ("lt", "lte", "gt", "gte")


def _is_slo(each: OpenSlo) -> bool:
    return each.version == "v1" and each.kind == "SLO"


@rule("slo-openslo-threshold", gate="slo", severity="medium", seed="5.4 SLO Targets", where=_is_slo)
def threshold(each: OpenSlo, project: Project) -> Iterator[Answer]:
    """Objectives of OpenSLO have `op` and `value` where their indicator is a threshold, and only there.

    With a `thresholdMetric` (the latency of each request) the objective says what is good: `op: lte, value: 0.5`.
    Without them nothing can be counted. With a `ratioMetric` they mean nothing: whoever wrote them believes that
    something is compared, and it is not.

    Bad:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: search}
    spec:
      indicator: {spec: {thresholdMetric: {metricSource: {type: Prometheus, spec: {query: latency}}}}}
      objectives:
        # expect: no value
        - {target: 0.99, op: lte}
    ---
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: orders}
    spec:
      indicator:
        spec:
          ratioMetric: {good: {metricSource: {type: Any}}, total: {metricSource: {type: Any}}}
      objectives:
        - target: 0.99
          # expect: means nothing for a ratio
          op: gt
    ```

    Good:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: search}
    spec:
      indicator: {spec: {thresholdMetric: {metricSource: {type: Prometheus, spec: {query: latency}}}}}
      objectives:
        - {target: 0.99, op: lte, value: 0.5}
    ```

    Unknown, the indicator is not here:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: search}
    spec:
      indicatorRef: search-latency
      objectives:
        - {target: 0.99, op: lte, value: 0.5}
    ```
    """
    for objective in each.spec["objectives"]:
        holder = objective if objective["indicator"].present or objective["indicatorRef"].present else each.spec
        spec = _indicator(holder, project)
        if spec is None:
            yield Unknown(
                holder["indicatorRef"], "the indicator is not written here: whether it is a threshold is not known"
            )
        elif spec["thresholdMetric"].present:
            yield from _needed(objective)
        else:
            for name in ("op", "value"):
                if objective[name].present and spec["ratioMetric"].present:
                    yield Finding(objective[name], f"{name} means nothing for a ratio: nothing is compared with it")


def _indicator(holder: Node, project: Project) -> Node | None:
    """The specification of the indicator; None where it is referred to and not here."""
    reference = filled(holder["indicatorRef"])
    if not reference.present:
        return holder["indicator"]["spec"]
    named = project.by(OpenSlo, "object_name").get(reference.text, [])
    return next((other.spec for other in named if other.kind == "SLI"), None)


def _needed(objective: Node) -> Iterator[Finding]:
    first = next((child for _, child in objective.items()), objective)
    operator, value = filled(objective["op"]), filled(objective["value"])
    if not value.present:
        yield Finding(first, "no value that the threshold is compared with")
    elif value.number is None:
        yield Finding(value, f"{value.text} is no number")
    if not operator.present:
        yield Finding(first, "no op: how the threshold is compared is not said")
    elif operator.text not in _OPERATORS:
        yield Finding(operator, f"{operator.text} is no operator: {', '.join(_OPERATORS)}")
