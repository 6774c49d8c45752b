from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Unknown
from gatekeeper.models.helm import Chart
from gatekeeper.rule import Answer, Measure, Reason, rule


@rule(
    "helm-chart-renders",
    gate="iac-validation",
    severity="low",
    seed="Phase 7 Infrastructure code passes validation",
    where=lambda chart: not chart.library and not chart.is_part and chart.needs_rendering,
)
def chart_renders(chart: Chart) -> Iterator[Answer]:
    """Every chart is rendered, and what it makes is judged.

    A template is no manifest: what it makes depends on values, on helpers, and on the charts it takes in. `gatekeeper
    audit --render helm` has the `helm` on PATH render a copy of the chart, with the values for production that stand
    beside it (`values-prod.yaml`), else with its own; nothing is fetched. Or keep the output of `helm template` as
    evidence of the commit. Findings then stand at the line of the template. A template that makes nothing with these
    values is listed among the files that are not judged.

    Good, nothing to render:
    ```yaml shop/Chart.yaml
    apiVersion: v2
    name: shop
    version: 1.0.0
    ```
    ```yaml shop/templates/app.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: shop}
    ```
    ```yaml kit/Chart.yaml
    apiVersion: v2
    name: kit
    version: 1.0.0
    ```
    ```yaml kit/templates/app.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: "{{ .Release.Name }}"}
    ```
    ```yaml .gatekeeper/evidence/kit.yaml
    ---
    # Source: kit/templates/app.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: "kit"}
    ```

    Unknown, nobody rendered it:
    ```yaml shop/Chart.yaml
    apiVersion: v2
    name: shop
    version: 1.0.0
    ```
    ```yaml shop/templates/app.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: "{{ .Release.Name }}"}
    ```
    """
    render = chart.render
    if render is None:
        words = (
            f"{chart.name} is not rendered: audit with --render helm, or keep the output of helm template as evidence"
        )
        yield Unknown(chart, words, Reason.TEMPLATE_UNRENDERED)
    elif render.trouble:
        yield Unknown(chart, f"{chart.name} is not rendered: {render.trouble[1]}", Reason(render.trouble[0]))
    else:
        number, silent = len(render.templates), len(render.silent)
        made = f"{number} {'template' if number == 1 else 'templates'}"
        nothing = f", {silent} make nothing" if silent else ""
        yield Measure(chart, f"{chart.chart_name}: {made} with {render.values}{nothing} ({render.by})", number + silent)
