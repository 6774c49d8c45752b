from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import elsewhere
from gatekeeper.links.delivery import workloads_named
from gatekeeper.models.kubernetes import Canary, Workload
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "k8s-canary-target",
    gate="deployment-rollback",
    severity="medium",
    seed="3.2 Deployment Strategies",
    where=lambda canary: canary.spec["targetRef"].present,
)
def canary_target(canary: Canary, project: Project) -> Iterator[Answer]:
    """Every Canary of Flagger brings out a workload that exists.

    A Canary whose `targetRef` names nothing waits for ever, and the workload that was meant is replaced without any
    analysis. It is looked for in the whole repository, by kind, name and namespace.

    Bad:
    ```yaml
    apiVersion: flagger.app/v1beta1
    kind: Canary
    metadata: {name: web}
    spec:
      # expect: no Deployment web-app
      targetRef: {apiVersion: apps/v1, kind: Deployment, name: web-app}
      analysis: {threshold: 5, metrics: [{name: request-success-rate}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}}
    ```

    Good:
    ```yaml
    apiVersion: flagger.app/v1beta1
    kind: Canary
    metadata: {name: web}
    spec:
      targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      analysis: {threshold: 5, metrics: [{name: request-success-rate}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}}
    ```

    Unknown, no workload is declared here:
    ```yaml
    apiVersion: flagger.app/v1beta1
    kind: Canary
    metadata: {name: web}
    spec:
      targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    ```
    """
    kind, name = canary.target
    node = canary.spec["targetRef"]
    if workloads_named(kind, name, canary, project):
        return
    node["name"].value  # noqa: B018  # what is filled in later may name one
    other = elsewhere(project, kind) or ("" if project.all(Workload) else "no workload is declared here")
    if other:
        yield Unknown(node, f"{kind} {name} may come from elsewhere: {other}", Reason.NOT_OWNED_HERE)
    else:
        yield Finding(node, f"there is no {kind} {name} here: nothing is brought out")
