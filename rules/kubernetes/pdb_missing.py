from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import compatible
from gatekeeper.links.scaling import replicated
from gatekeeper.models.kubernetes import PodDisruptionBudget, Workload
from gatekeeper.node import Unresolved
from gatekeeper.rule import Answer, rule

_JUDGED = frozenset({"Deployment", "StatefulSet", "Rollout"})


@rule(
    "k8s-pdb-missing",
    gate="workload-reliability",
    severity="low",
    seed="1.2 Architecture Design",
    aliases=["kube-score:deployment-has-poddisruptionbudget", "kube-score:statefulset-has-poddisruptionbudget"],
    where=lambda workload, project: workload.kind in _JUDGED and replicated(workload, project),
)
def pdb_missing(workload: Workload, project: Project) -> Iterator[Answer]:
    """Every replicated workload has a PodDisruptionBudget.

    Without one, draining two nodes at once may take all of its pods, however many there are. Asked of Deployments,
    StatefulSets and Argo Rollouts that keep two pods or more; the budget is looked for in the whole repository, by its
    selector in full. polaris takes any label that two objects share for a match, so its missingPodDisruptionBudget
    means something else.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    # expect: no PodDisruptionBudget
    metadata: {name: web}
    spec:
      replicas: 3
      template:
        metadata: {labels: {app: web, team: orders}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: api}
    spec: {maxUnavailable: 1, selector: {matchLabels: {app: api, team: orders}}}
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      replicas: 3
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web}
    spec: {maxUnavailable: 1, selector: {matchExpressions: [{key: app, operator: In, values: [web, api]}]}}
    ```
    """
    later: PodDisruptionBudget | None = None
    for budget in project.all(PodDisruptionBudget):
        if not compatible(budget.namespace, workload.namespace):
            continue
        try:
            if budget.selector.matches(workload.pod_labels):
                return
        except Unresolved:
            later = budget
    if later is not None:
        yield Unknown(workload, f"what {later.name} selects is filled in before it is applied")
    else:
        words = f"no PodDisruptionBudget: a drain may take all pods of {workload.object_name} at once"
        yield Finding(workload, words, fix=Fix("add one with maxUnavailable: 1"))
