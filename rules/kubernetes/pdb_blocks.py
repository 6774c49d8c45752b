from __future__ import annotations

import math
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import selected, unsettled
from gatekeeper.links.scaling import COUNTED, fewest
from gatekeeper.models.kubernetes import PodDisruptionBudget
from gatekeeper.node import Node
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-pdb-blocks",
    gate="workload-reliability",
    severity="high",
    seed="6.1 Regular security patching",
    aliases=[
        "kube-linter:pdb-max-unavailable",
        "kube-linter:pdb-min-available",
        "polaris:pdbDisruptionsIsZero",
    ],
)
def pdb_blocks(budget: PodDisruptionBudget, project: Project) -> Iterator[Answer]:
    """Every PodDisruptionBudget lets a pod go.

    A budget that allows no disruption at all stops every drain: nodes cannot be patched or replaced. That is so with
    `maxUnavailable: 0`, with `minAvailable: 100%`, and with a `minAvailable` as high as the replicas that the
    workload has, or that its autoscaler may go down to. The budget is held against the pod labels of the nearest
    workloads that it selects; DaemonSets and bare Pods are not counted, nor workloads scaled to 0.

    kube-linter has two checks for what is one fault here. polaris' pdbMinAvailableGreaterThanHPAMinReplicas means
    something else: it takes any label that two objects share for a match.

    Bad:
    ```yaml
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: db}
    spec:
      # expect: no pod may go
      maxUnavailable: 0
      selector: {matchLabels: {app: db}}
    ```

    Bad, as many as there are:
    ```yaml
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web}
    spec:
      # expect: has 2
      minAvailable: 2
      selector: {matchExpressions: [{key: app, operator: In, values: [web, api]}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      replicas: 6
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec: {scaleTargetRef: {kind: Deployment, name: web}, minReplicas: 2, maxReplicas: 9}
    ```

    Bad, half of one is one:
    ```yaml
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web}
    spec:
      # expect: has 1
      minAvailable: 50%
      selector: {matchLabels: {app: web}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ```

    Good:
    ```yaml
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web}
    spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
    ---
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: db}
    spec: {maxUnavailable: 1, selector: {matchLabels: {app: db}}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      replicas: 3
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ```
    """
    most, least = budget.spec["maxUnavailable"], budget.spec["minAvailable"]
    fix = Fix("allow one: maxUnavailable: 1")
    if most.present and most.text in ("0", "0%"):
        yield Finding(most, "no pod may go: every drain waits for ever", fix=fix)
    elif least.present and least.text == "100%":
        yield Finding(least, "no pod may go: every drain waits for ever", fix=fix)
    elif least.present:
        yield from _against_replicas(budget, least, project)


def _against_replicas(budget: PodDisruptionBudget, least: Node, project: Project) -> Iterator[Answer]:
    chosen = [each for each in selected(budget.selector, budget, project).workloads if each.kind in COUNTED]
    counts = [(workload, fewest(workload, project)) for workload in chosen]
    total = sum(count for _, count in counts)
    wanted = _wanted(least, total)
    if not total or wanted is None or wanted < total:
        return
    for workload, _ in counts:
        other = unsettled(workload, project)
        if other:
            yield Unknown(least, f"{other.path} may set the replicas of {workload.name}")
            return
    names = ", ".join(workload.name for workload, _ in counts)
    see = tuple(
        Note(workload.replicas if workload.replicas.present else workload, "its replicas") for workload, _ in counts
    )
    yield Finding(
        least, f"{names} has {total:g}: no pod may go, every drain waits for ever", see, Fix("maxUnavailable: 1")
    )


def _wanted(least: Node, total: float) -> float | None:
    if least.text.endswith("%"):
        share = least.text.removesuffix("%")
        return math.ceil(total * int(share) / 100) if share.isdigit() else None
    return least.number
