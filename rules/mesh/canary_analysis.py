from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import elsewhere, unsettled
from gatekeeper.models.kubernetes import Canary, Object
from gatekeeper.models.kubernetes.network import listed
from gatekeeper.node import Node
from gatekeeper.rule import Answer, Reason, rule

_CHECKS = ("pre-rollout", "rollout", "confirm-promotion", "confirm-rollout", "confirm-traffic-increase")


@rule(
    "k8s-canary-analysis",
    gate="deployment-rollback",
    severity="medium",
    seed="3.2 Deployment Strategies",
)
def canary_analysis(canary: Canary, project: Project) -> Iterator[Answer]:
    """Every Canary of Flagger measures something, and goes back when it is bad.

    Flagger goes back when its checks fail `threshold` times: without a metric or a webhook that checks, nothing ever
    fails, and without a threshold the first failure decides. Each metric is one of Flagger's own
    (`request-success-rate`, `request-duration`), has a query, or names a MetricTemplate that must exist.

    Bad:
    ```yaml
    apiVersion: flagger.app/v1beta1
    kind: Canary
    metadata: {name: web}
    spec:
      targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      # expect: measures nothing
      analysis: {interval: 1m, threshold: 5, maxWeight: 50, stepWeight: 10}
    ```

    Bad, left out:
    ```yaml
    apiVersion: flagger.app/v1beta1
    kind: Canary
    metadata: {name: web}
    spec:
      targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      # expect: skipAnalysis
      skipAnalysis: true
      analysis: {threshold: 5, metrics: [{name: request-success-rate}]}
    ```

    Bad, its metric:
    ```yaml
    apiVersion: flagger.app/v1beta1
    kind: Canary
    metadata: {name: web}
    spec:
      targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      # expect: no threshold
      analysis:
        metrics:
          - name: errors
            templateRef:
              # expect: no MetricTemplate errors
              name: errors
    ```

    Good:
    ```yaml
    apiVersion: flagger.app/v1beta1
    kind: Canary
    metadata: {name: web}
    spec:
      targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      analysis:
        threshold: 5
        metrics: [{name: request-success-rate, thresholdRange: {min: 99}}, {name: errors, templateRef: {name: errors}}]
    ---
    apiVersion: flagger.app/v1beta1
    kind: MetricTemplate
    metadata: {name: errors}
    spec: {query: "up"}
    ```
    """
    analysis, skipped = canary.analysis, canary.spec["skipAnalysis"]
    if skipped.text == "true":
        yield Finding(skipped, "skipAnalysis: every version is promoted without a check")
    at = analysis if analysis.present else canary
    metrics = listed(analysis["metrics"])
    checks = [each for each in listed(analysis["webhooks"]) if each["type"].text in _CHECKS]
    patch = unsettled(canary, project)
    if patch and not (metrics and analysis["threshold"].present):
        yield Unknown(at, f"{patch.path} may patch the analysis")
        return
    if not metrics and not checks:
        yield Finding(at, "the canary measures nothing: no version ever fails")
    elif not analysis["threshold"].present and not analysis["iterations"].present:
        yield Finding(at, "no threshold: nothing says how many failures make it go back")
    for metric in metrics:
        yield from _template(metric["templateRef"]["name"], project)


def _template(name: Node, project: Project) -> Iterator[Answer]:
    if not name.present:
        return
    known = [each for each in project.by(Object, "object_name").get(name.text, ()) if each.kind == "MetricTemplate"]
    if known:
        return
    other = elsewhere(project, "MetricTemplate")
    if other:
        yield Unknown(name, f"MetricTemplate {name.text} may come from elsewhere: {other}", Reason.NOT_OWNED_HERE)
    else:
        yield Finding(name, f"there is no MetricTemplate {name.text} here: the canary cannot be measured")
