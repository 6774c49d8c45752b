from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import compatible
from gatekeeper.links.resources import terraform_resources
from gatekeeper.links.scaling import COUNTED, counted_by, fewest, scalers
from gatekeeper.links.slos import kept_by, kinds_of_store, same, stands, words_of
from gatekeeper.models.kubernetes import PodDisruptionBudget, Workload
from gatekeeper.models.slo import Objective
from gatekeeper.node import Node, Unresolved, regex
from gatekeeper.rule import Answer, Reason, rule

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource

_HIGH = 0.999
_ALONE = {  # databases that stand in one zone unless this says otherwise: the attribute, and what it must be
    "aws_db_instance": ("multi_az", True),
    "google_sql_database_instance": ("settings.0.availability_type", "REGIONAL"),
}
_LESSER = regex(r"(?:^|[/_.-])(?:dev|develop|development|test|testing|qa|stag(?:e|ing)|local|sandbox|preview|base|ci)"
                r"(?:[/_.-]|\Z)")  # fmt: skip


def _workloads(objective: Objective, project: Project) -> list[Workload]:
    return [each for each in kept_by(objective, project) if each.kind in COUNTED and not _lesser(each)]


def _lesser(each: Workload) -> bool:
    return _LESSER.search(each.variant or each.path) is not None


def _databases(objective: Objective, project: Project) -> list[Resource]:
    own = words_of(objective.service)
    if "database" not in kinds_of_store(own):
        return []
    every = [each for each in terraform_resources(project) if each.type in _ALONE and not _LESSER.search(each.path)]
    every = [each for each in every if not each.node["replicate_source_db"].present]
    named = [each for each in every if same(own, words_of(each.label))]
    return named or every


def _promised(objective: Objective, project: Project) -> bool:
    if objective.indicator != "availability" or objective.limit is None or objective.limit < _HIGH:
        return False
    if not stands(objective, project):
        return False
    return bool(_workloads(objective, project) or _databases(objective, project))


@rule(
    "slo-topology",
    gate="slo",
    severity="medium",
    seed="1.2 Architecture Design, Plan for high availability",
    where=_promised,
)
def topology(objective: Objective, project: Project) -> Iterator[Answer]:
    """What runs a service can keep its availability.

    99.9 percent is 43 minutes a month. A single pod is gone for minutes with each node that is drained, a database in
    one zone for hours with that zone: such a promise is kept by luck. Asked of an availability of 99.9 percent and
    more: two replicas (where an autoscaler scales them, its minimum) and, as advice, a PodDisruptionBudget; for a
    database a standby in another zone (RDS `multi_az`, Cloud SQL `REGIONAL`). Folders and overlays of lesser
    environments (dev, test, staging) are left out, and so is what has no number of its own: a DaemonSet, or the nodes
    of GKE Autopilot.

    Bad:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | Orders | Availability | 99.9% |
    | Database | Availability | 99.99% |
    ```
    ```yaml k8s/orders.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders}
    spec:
      # expect: 1 pod; docs/slo.md:5 promises 99.9%
      replicas: 1
      template:
        metadata: {labels: {app: orders}}
        spec: {containers: [{name: orders, image: "orders:1.0.0"}]}
    ```
    ```hcl infra/main.tf
    resource "aws_db_instance" "orders" {
      # expect: one zone; docs/slo.md:6 promises 99.99%
      multi_az = false
    }
    ```

    Good:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | Orders | Availability | 99.9% |
    ```
    ```yaml k8s/orders.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders}
    spec:
      template:
        metadata: {labels: {app: orders}}
        spec: {containers: [{name: orders, image: "orders:1.0.0"}]}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: orders}
    spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: orders}, minReplicas: 2, maxReplicas: 6}
    ---
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: orders}
    spec: {maxUnavailable: 1, selector: {matchLabels: {app: orders}}}
    ```

    Unknown, a chart fills it in:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | Orders | Availability | 99.9% |
    ```
    ```yaml k8s/orders.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders}
    spec:
      replicas: ${REPLICAS}
      template:
        metadata: {labels: {app: orders}}
        spec: {containers: [{name: orders, image: "orders:1.0.0"}]}
    ```
    """
    for workload in _workloads(objective, project):
        yield from _of_pods(workload, objective, project)
    databases = _databases(objective, project)
    alone = [(each, node) for each in databases for node in [_alone(each)] if node is not None]
    if alone and len(alone) == len(databases):
        for each, node in alone:
            yield Finding(node, f"one zone; {_promise(objective)}", (_note(objective),), Fix(f"{_ALONE[each.type][0]}"))
    elif alone:
        words = f"{alone[0][0].name} is in one zone; whether {objective.called} is about it is not known"
        yield Unknown(alone[0][1], words, Reason.NEEDS_HUMAN)


def _of_pods(workload: Workload, objective: Objective, project: Project) -> Iterator[Answer]:
    least = fewest(workload, project)
    if least < 2:
        found = scalers(workload, project)
        replicas = counted_by(workload, project).spec["replicas"]
        at = found[0] if found else replicas if replicas.present else workload
        yield Finding(at, f"{least:g} pod; {_promise(objective)}", (_note(objective),), Fix("replicas: 2"))
    elif not _budgeted(workload, project):
        words = f"no PodDisruptionBudget: a drain may take all pods at once; {_promise(objective)}"
        yield Finding(workload, words, (_note(objective),), Fix("add one with maxUnavailable: 1"), "low")


def _budgeted(workload: Workload, project: Project) -> bool:
    """Whether a budget selects its pods; one that may counts, since pdb rules say so themselves."""
    for budget in project.all(PodDisruptionBudget):
        if compatible(budget.namespace, workload.namespace):
            try:
                if budget.selector.matches(workload.pod_labels):
                    return True
            except Unresolved:
                return True
    return False


def _alone(resource: Resource) -> Node | None:
    """Where a database says that it is in one zone; None when it has a standby. Raises `Unresolved`."""
    path, wanted = _ALONE[resource.type]
    node = resource.node.at(path)
    if node.present:
        return None if node.value == wanted else node
    return Node(None, resource.node.source, resource.span)


def _promise(objective: Objective) -> str:
    return f"{objective.path}:{objective.span.line} promises {objective.promise}"


def _note(objective: Objective) -> Note:
    return Note(objective, f"{objective.called}: {objective.promise}")
