from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.kubernetes import Object
from gatekeeper.models.kubernetes.mesh import is_rollout, strategy_of
from gatekeeper.rule import rule


@rule(
    "k8s-rollout-watched",
    gate="deployment-rollback",
    severity="medium",
    seed="3.2 Deployment Strategies",
    where=lambda each: is_rollout(each) and bool(strategy_of(each).kind),
)
def rollout_watched(rollout: Object) -> Iterator[Finding]:
    """Every Argo Rollout stops, or measures, before a version is everywhere.

    A canary whose steps neither pause nor run an analysis, and a blue-green one that promotes by itself without an
    analysis or a delay, is a rolling update with more parts: a bad version reaches everybody as fast as the pods start,
    and nothing takes it back. A pause, an analysis (in the steps, or in the background), an experiment,
    `autoPromotionEnabled: false`, `autoPromotionSeconds` or a `prePromotionAnalysis` is what makes the difference.

    Bad:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: web}
    spec:
      strategy:
        # expect: neither pauses nor measures
        canary:
          maxSurge: 25%
          steps: [{setWeight: 20}, {setWeight: 60}]
      template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: api}
    spec:
      strategy:
        # expect: promotes by itself
        blueGreen: {activeService: api}
      template: {spec: {containers: [{name: api, image: "api:1.0.0"}]}}
    ```

    Good:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: web}
    spec:
      strategy: {canary: {steps: [{setWeight: 20}, {pause: {}}]}}
      template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: api}
    spec:
      strategy:
        blueGreen:
          activeService: api
          prePromotionAnalysis: {templates: [{templateName: smoke}]}
      template: {spec: {containers: [{name: api, image: "api:1.0.0"}]}}
    ```
    """
    strategy = strategy_of(rollout)
    if strategy.watches or strategy.waits:
        return
    at = strategy.node if strategy.node.present else rollout
    if strategy.kind == "canary":
        fix = Fix("add a pause or an analysis to its steps")
        yield Finding(at, "the canary neither pauses nor measures: it is a plain rolling update", fix=fix)
    else:
        fix = Fix("add prePromotionAnalysis, or autoPromotionEnabled: false")
        yield Finding(at, "the new version promotes by itself, and nothing is measured before", fix=fix)
