from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.kubernetes import Object
from gatekeeper.models.kubernetes.mesh import is_rollout, strategy_of
from gatekeeper.rule import rule


@rule(
    "k8s-rollout-abort",
    gate="deployment-rollback",
    severity="low",
    seed="11. Rollback Procedure",
    where=lambda each: is_rollout(each) and bool(strategy_of(each).kind),
)
def rollout_abort(rollout: Object) -> Iterator[Finding]:
    """Every Argo Rollout goes back when its new pods do not start.

    Without `progressDeadlineAbort: true` a version whose pods never get ready is only marked as degraded and stays half
    brought out until somebody looks; an analysis does not see pods that do not answer at all.

    Bad:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata:
      # expect: no progressDeadlineAbort
      name: web
    spec:
      strategy: {canary: {steps: [{setWeight: 20}, {pause: {}}]}}
      template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}
    ```

    Good:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: web}
    spec:
      progressDeadlineSeconds: 300
      progressDeadlineAbort: true
      strategy: {canary: {steps: [{setWeight: 20}, {pause: {}}]}}
      template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}
    ```
    """
    abort = rollout.spec["progressDeadlineAbort"]
    if abort.text != "true":
        fix = Fix("add progressDeadlineAbort: true")
        words = "no progressDeadlineAbort: a version whose pods do not start stays half brought out"
        yield Finding(abort if abort.present else rollout, words, fix=fix)
