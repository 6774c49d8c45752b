from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.kubernetes import Object, written
from gatekeeper.models.kubernetes.network import listed
from gatekeeper.models.terraform.regexes import Unsupported, compiled
from gatekeeper.node import Expression, Node, Unresolved
from gatekeeper.rule import rule

_KINDS = ("AnalysisTemplate", "ClusterAnalysisTemplate")
_OF_THEMSELVES = ("job", "kayenta", "plugin")  # these say themselves whether it went well


@rule(
    "k8s-analysis-can-fail",
    gate="deployment-rollback",
    severity="medium",
    seed="Anti-Patterns to Avoid: No rollback plan",
    where=lambda each: each.kind in _KINDS and each.group == "argoproj.io",
)
def analysis_can_fail(each: Object) -> Iterator[Finding]:
    """Every analysis of Argo Rollouts can fail.

    A metric with neither a `successCondition` nor a `failureCondition` is good whatever it measures, one whose
    `failureLimit` is -1 may fail for ever, and one under `dryRun` counts for nothing: the new version goes on, although
    it looks as if something watched it. A `failureLimit` that nobody writes is 0: the first failure ends it. Jobs and
    Kayenta say themselves whether it went well; what a query returns must be held against something.

    Bad:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: AnalysisTemplate
    metadata: {name: errors}
    spec:
      metrics:
        # expect: good whatever it measures
        - name: error-rate
          interval: 1m
          failureLimit: 3
          provider: {prometheus: {address: "http://prometheus", query: "sum(rate(errors[1m]))"}}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: ClusterAnalysisTemplate
    metadata: {name: latency}
    spec:
      # expect: no metric of it counts
      dryRun: [{metricName: ".*"}]
      metrics:
        - name: p95
          successCondition: result[0] < 0.5
          provider: {prometheus: {address: "http://prometheus", query: "p95"}}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: AnalysisTemplate
    metadata: {name: trial}
    spec:
      # expect: no metric of it counts
      dryRun: [{metricName: "error-.*"}]
      metrics:
        - name: error-rate
          successCondition: result[0] < 0.5
          provider: {prometheus: {address: "http://prometheus", query: "errors"}}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: AnalysisTemplate
    metadata: {name: patience}
    spec:
      metrics:
        - name: error-rate
          # expect: may fail for ever
          failureLimit: -1
          failureCondition: result[0] > 0.05
          provider: {prometheus: {address: "http://prometheus", query: "errors"}}
    ```

    Good:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: AnalysisTemplate
    metadata: {name: errors}
    spec:
      metrics:
        - name: error-rate
          successCondition: result[0] < 0.05
          provider: {prometheus: {address: "http://prometheus", query: "sum(rate(errors[1m]))"}}
        - name: smoke
          provider:
            job: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: smoke, image: "smoke:1.0.0"}]}}}}
        - name: ready
          failureLimit: -1
          consecutiveSuccessLimit: 4
          successCondition: result == "ok"
          provider: {web: {url: "http://shop/ready"}}
    ```
    """
    metrics = listed(each.spec["metrics"])
    skipped = [one["metricName"] for one in listed(each.spec["dryRun"])]
    counting = [metric for metric in metrics if not any(_means(one, metric["name"]) for one in skipped)]
    if metrics and not counting:
        yield Finding(each.spec["dryRun"], "no metric of it counts: all are under dryRun")
    for metric in counting:
        yield from _judged(metric)


def _means(pattern: Node, name: Node) -> bool:
    """Whether an entry of `dryRun` means a metric: it is a regular expression that is found in the name. Raises
    `Unresolved`."""
    try:
        return compiled(pattern.text).search(name.text) is not None
    except Unsupported:
        raise Unresolved(pattern, Expression(pattern.text[:60], "is a pattern that cannot be read here")) from None


def _judged(metric: Node) -> Iterator[Finding]:
    provider = metric["provider"]
    name = written(metric["name"]) or "(unnamed)"
    judges = provider.is_mapping and any(key in provider.value for key in _OF_THEMSELVES)
    if not judges and not metric["successCondition"].present and not metric["failureCondition"].present:
        fix = Fix("add a successCondition or a failureCondition")
        yield Finding(metric["name"], f"{name} is good whatever it measures: no condition", fix=fix)
    if metric["failureLimit"].number == -1 and not metric["consecutiveSuccessLimit"].present:
        yield Finding(
            metric["failureLimit"], f"{name} may fail for ever", fix=Fix("leave failureLimit out, or lower it")
        )
