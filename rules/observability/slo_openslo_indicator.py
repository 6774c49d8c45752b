from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.slo import OpenSlo, filled
from gatekeeper.node import Node
from gatekeeper.project import Project
from gatekeeper.rule import Answer, rule


def _measures(each: OpenSlo) -> bool:
    return each.version == "v1" and each.kind in ("SLO", "SLI")


@rule("slo-openslo-indicator", gate="slo", severity="high", seed="5.4 SLO Targets", where=_measures)
def indicator(each: OpenSlo, project: Project) -> Iterator[Answer]:
    """An SLO of OpenSLO has one indicator, and that is there.

    An objective without an indicator is a number that nobody measures. An SLO has either `indicator` or `indicatorRef`
    (a composite one has them in its objectives), a reference names an SLI that is written here, and an SLI has either a
    `ratioMetric` or a `thresholdMetric`. Where no SLI is written in this repository at all, the one that is named may
    well be elsewhere: that is not known.

    Bad:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    # expect: neither indicator nor indicatorRef
    metadata: {name: orders}
    spec:
      service: orders
      objectives: [{target: 0.999}]
    ---
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: payments}
    spec:
      service: payments
      # expect: no SLI is called payment-errors
      indicatorRef: payment-errors
      objectives: [{target: 0.999}]
    ---
    apiVersion: openslo/v1
    kind: SLI
    # expect: neither ratioMetric nor thresholdMetric
    metadata: {name: payments}
    spec: {description: The share of payments that go through}
    ```

    Good:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: orders}
    spec:
      service: orders
      indicatorRef: orders-errors
      objectives: [{target: 0.999}]
    ---
    apiVersion: openslo/v1
    kind: SLI
    metadata: {name: orders-errors}
    spec:
      ratioMetric:
        bad: {metricSource: {type: Prometheus, spec: {query: 'sum(rate(errors_total[5m]))'}}}
        total: {metricSource: {type: Prometheus, spec: {query: 'sum(rate(requests_total[5m]))'}}}
    ---
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: journey}
    spec:
      service: orders
      objectives:
        - {target: 0.99, indicatorRef: orders-errors}
    ```

    Unknown, no SLI is written here:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: orders}
    spec:
      service: orders
      indicatorRef: orders-errors
      objectives: [{target: 0.999}]
    ```
    """
    if each.kind == "SLI":
        yield from _of_metric(each.spec, each)
        return
    holders = [each.spec]
    listed = each.spec["objectives"]
    if not any(_has(each.spec)) and listed.is_list and any(any(_has(item)) for item in listed):
        holders = list(listed)  # a composite
    for holder in holders:
        yield from _judged(holder, each, project)


def _has(holder: Node) -> tuple[bool, bool]:
    return holder["indicator"].present, holder["indicatorRef"].present


def _judged(holder: Node, each: OpenSlo, project: Project) -> Iterator[Answer]:
    inline, named = _has(holder)
    at = each if holder is each.spec else holder
    if not inline and not named:
        yield Finding(at, "neither indicator nor indicatorRef: nothing is measured", fix=Fix("add an indicator"))
    elif inline and named:
        yield Finding(holder["indicatorRef"], "indicator and indicatorRef: one of them is passed over")
    elif inline:
        yield from _of_metric(holder["indicator"]["spec"], each, holder["indicator"])
    else:
        yield from _referred(filled(holder["indicatorRef"]), project)


def _referred(reference: Node, project: Project) -> Iterator[Answer]:
    known = [other.object_name for other in project.all(OpenSlo) if other.kind == "SLI"]
    if not known:
        yield Unknown(reference, f"no SLI is written here: whether {reference.text} is anywhere is not known")
    elif reference.text not in known:
        yield Finding(reference, f"no SLI is called {reference.text}; there are {', '.join(sorted(known)[:5])}")


def _of_metric(spec: Node, each: OpenSlo, at: Node | None = None) -> Iterator[Answer]:
    ratio, threshold = spec["ratioMetric"].present, spec["thresholdMetric"].present
    if not ratio and not threshold:
        yield Finding(at if at is not None else each, "neither ratioMetric nor thresholdMetric: nothing is measured")
    elif ratio and threshold:
        yield Finding(spec["thresholdMetric"], "ratioMetric and thresholdMetric: one of them is passed over")
    elif ratio:
        metric = spec["ratioMetric"]
        parts = [name for name in ("good", "bad") if metric[name].present]
        if metric["raw"].present:
            if parts or metric["total"].present:
                yield Finding(metric["raw"], "a raw ratio beside good, bad or total: one of them is passed over")
        elif len(parts) != 1 or not metric["total"].present:
            yield Finding(metric, "a ratio has total, and one of good and bad")
