from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.links.scaling import replicated
from gatekeeper.models.kubernetes import LabelSelector, Workload
from gatekeeper.node import Node
from gatekeeper.rule import Answer, rule

_JUDGED = frozenset({"Deployment", "StatefulSet", "Rollout"})


@rule(
    "k8s-pod-spread",
    gate="workload-reliability",
    severity="low",
    seed="1.2 Architecture Design, Plan for high availability",
    where=lambda workload, project: workload.kind in _JUDGED and replicated(workload, project),
)
def pod_spread(workload: Workload, project: Project) -> Iterator[Answer]:
    """The pods of a replicated workload are kept apart.

    Three replicas on one node are one failure. The scheduler spreads a little by itself, and promises nothing:
    `topologySpreadConstraints`, or a podAntiAffinity that matches the workload's own pods, says it. Asked of
    Deployments, StatefulSets and Argo Rollouts that keep two pods or more. kube-linter (no-anti-affinity) and
    kube-score (host-podantiaffinity) do not take spread constraints for an answer, polaris (topologySpreadConstraint)
    takes nothing else, so none of them means the same.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    # expect: may all land on one node
    metadata: {name: web}
    spec:
      replicas: 3
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ```

    Bad, apart from others only:
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
          affinity:
            # expect: does not match its own pods
            podAntiAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
                - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: webb}}}
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
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: db}
    spec:
      replicas: 3
      template:
        metadata: {labels: {app: db}}
        spec:
          containers: [{name: db, image: "db:1.0.0"}]
          affinity:
            podAntiAffinity:
              preferredDuringSchedulingIgnoredDuringExecution:
                - weight: 100
                  podAffinityTerm: {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: db}}}
    ```
    """
    if len(workload.pod["topologySpreadConstraints"]):
        return
    against = workload.pod["affinity"]["podAntiAffinity"]
    selectors = [LabelSelector.of(term["labelSelector"]) for term in _terms(against)]
    if any(selector.matches(workload.pod_labels) for selector in selectors):
        return
    patch = unsettled(workload, project)
    if patch:
        yield Unknown(workload, f"{patch.path} may patch where the pods may land")
    elif selectors:
        yield Finding(against, "the podAntiAffinity does not match its own pods: they may all land on one node")
    else:
        words = f"the pods of {workload.object_name} may all land on one node"
        yield Finding(
            workload, words, fix=Fix("add topologySpreadConstraints over kubernetes.io/hostname and the zone")
        )


def _terms(against: Node) -> list[Node]:
    preferred = against["preferredDuringSchedulingIgnoredDuringExecution"]
    return [
        *against["requiredDuringSchedulingIgnoredDuringExecution"],
        *(each["podAffinityTerm"] for each in preferred),
    ]
