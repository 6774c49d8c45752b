from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import LabelSelector, Workload
from gatekeeper.node import Node
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-topology-spread",
    gate="workload-reliability",
    severity="medium",
    seed="1.2 Architecture Design, Plan for high availability",
    aliases=["kube-score:pod-topology-spread-constraints"],
    where=lambda workload: len(workload.pod["topologySpreadConstraints"]) > 0,
)
def topology_spread(workload: Workload, project: Project) -> Iterator[Answer]:
    """Every spread constraint counts the pods it is written for.

    A constraint compares how many pods its `labelSelector` finds in each zone or on each node. Where that selects none
    of the workload's own pods, or is not there at all, it counts nothing, allows everything, and looks as if the pods
    were spread. `maxSkew` (1 or more), `topologyKey` and `whenUnsatisfiable` are demanded by the API. Whether there is
    a constraint at all is k8s-pod-spread.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      replicas: 3
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "web:1.0.0"}]
          topologySpreadConstraints:
            - maxSkew: 1
              topologyKey: kubernetes.io/hostname
              whenUnsatisfiable: DoNotSchedule
              # expect: none of its own pods
              labelSelector: {matchLabels: {app: api}}
            # expect: no labelSelector
            - maxSkew: 1
              topologyKey: topology.kubernetes.io/zone
              whenUnsatisfiable: ScheduleAnyway
            # expect: refuses
            - topologyKey: topology.kubernetes.io/zone
              whenUnsatisfiable: ScheduleAnyway
              labelSelector: {matchLabels: {app: web}}
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
        spec:
          containers: [{name: web, image: "web:1.0.0"}]
          topologySpreadConstraints:
            - maxSkew: 1
              topologyKey: topology.kubernetes.io/zone
              whenUnsatisfiable: ScheduleAnyway
              labelSelector: {matchLabels: {app: web}}
    ```
    """
    for constraint in workload.pod["topologySpreadConstraints"]:
        lacking = [name for name in ("maxSkew", "topologyKey", "whenUnsatisfiable") if not constraint[name].present]
        skew, selector = constraint["maxSkew"], constraint["labelSelector"]
        if lacking or (skew.number is not None and skew.number < 1):
            wrong = f"no {lacking[0]}" if lacking else f"maxSkew {skew.text}"
            yield Finding(_place(constraint), f"{wrong}: the API refuses it")
        elif not selector.present:
            fix = Fix("add the labels of the pods as labelSelector")
            words = "no labelSelector: it counts no pods and spreads nothing"
            yield Finding(_place(constraint), words, fix=fix, severity="low")
        elif not LabelSelector.of(selector).matches(workload.pod_labels):
            if unsettled(workload, project):
                yield Unknown(selector, "a kustomization may add labels to the pods")
                continue
            see = (Note(workload.template.at("metadata.labels"), "the labels of its pods"),)
            yield Finding(selector, "it selects none of its own pods: it spreads nothing", see, severity="low")


def _place(constraint: Node) -> Node:
    return next((child for _, child in constraint.items()), constraint)
