from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import rule

_KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout", "DeploymentConfig"})


@rule(
    "k8s-rollback-disabled",
    gate="deployment-rollback",
    severity="high",
    seed="11. Rollback Procedure",
    where=lambda workload: workload.kind in _KINDS,
)
def rollback_disabled(workload: Workload) -> Iterator[Finding]:
    """Every workload keeps old revisions to roll back to.

    With `revisionHistoryLimit: 0` nothing of the previous version is kept, and `kubectl rollout undo` has nothing to
    go back to. Absent means 10.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      # expect: no old revision
      revisionHistoryLimit: 0
      template: {spec: {containers: [{name: app, image: "app:1.2.0"}]}}
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template: {spec: {containers: [{name: app, image: "app:1.2.0"}]}}
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: queue}
    spec:
      revisionHistoryLimit: 3
      template: {spec: {containers: [{name: queue, image: "queue:3.1.0"}]}}
    ```
    """
    limit = workload.spec["revisionHistoryLimit"]
    if limit.number == 0:
        words = "no old revision is kept: kubectl rollout undo has nothing to go back to"
        yield Finding(limit, words, fix=Fix("remove the line (10 are kept then) or set 1 or more"))
