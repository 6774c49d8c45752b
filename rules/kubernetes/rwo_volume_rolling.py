from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.links.scaling import most
from gatekeeper.links.volumes import Claim, claims_of
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import Answer, rule

_ONE_NODE, _ONE_POD = "ReadWriteOnce", "ReadWriteOncePod"


def _shares_a_claim(workload: Workload, project: Project) -> bool:
    """Deployments whose pods mount a claim that is declared here; a StatefulSet's pods are replaced one by one."""
    if workload.kind not in ("Deployment", "Rollout", "DeploymentConfig", "ReplicaSet"):
        return False
    return any(claim.modes for claim in claims_of(workload, project))


@rule(
    "k8s-rwo-volume-rolling",
    gate="workload-reliability",
    severity="high",
    seed="3.2 Deployment Strategies",
    where=_shares_a_claim,
)
def rwo_volume_rolling(workload: Workload, project: Project) -> Iterator[Answer]:
    """Pods that share a volume can all mount it.

    A claim that is ReadWriteOnce only can be attached to one node: with two replicas or more, each pod on another node
    waits for ever ("Multi-Attach error"), and the ones that do start on one node write to the same files. One that is
    ReadWriteOncePod only goes to a single pod. With one replica and a rolling update the new pod waits for the volume
    that the old one holds, unless both land on one node, and the rollout gets stuck; that is graded medium.
    `strategy: {type: Recreate}`, or `maxSurge: 0`, stops the old pod first. Pods that are kept on one node
    (`nodeName`, a node selector of `kubernetes.io/hostname`, required affinity to each other) may share a ReadWriteOnce
    volume. Claims that each pod has for itself (`volumeClaimTemplates`, ephemeral volumes) are not meant. Judged where
    the claim is declared in this repository.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: files}
    spec:
      replicas: 3
      template:
        spec:
          containers: [{name: files, image: "files:1.0.0"}]
          volumes:
            - name: data
              # expect: 3 pods
              persistentVolumeClaim: {claimName: files}
    ---
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: files}
    spec: {accessModes: [ReadWriteOnce]}
    ```

    Bad, one replica that is replaced while it runs:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: files}
    spec:
      replicas: 1
      strategy: {type: RollingUpdate}
      template:
        spec:
          containers: [{name: files, image: "files:1.0.0"}]
          volumes:
            - name: data
              # expect: the new pod waits
              persistentVolumeClaim: {claimName: files}
    ---
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: files}
    spec: {accessModes: [ReadWriteOncePod]}
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: files}
    spec:
      strategy: {type: Recreate}
      template:
        spec:
          containers: [{name: files, image: "files:1.0.0"}]
          volumes: [{name: data, persistentVolumeClaim: {claimName: files}}]
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: shared}
    spec:
      replicas: 3
      template:
        spec:
          containers: [{name: shared, image: "shared:1.0.0"}]
          volumes: [{name: data, persistentVolumeClaim: {claimName: shared}}]
    ---
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: files}
    spec: {accessModes: [ReadWriteOnce]}
    ---
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: shared}
    spec: {accessModes: [ReadWriteMany]}
    ```

    Good, all on one node:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: files}
    spec:
      replicas: 2
      template:
        spec:
          nodeSelector: {kubernetes.io/hostname: storage-1}
          containers: [{name: files, image: "files:1.0.0"}]
          volumes: [{name: data, persistentVolumeClaim: {claimName: files}}]
    ---
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: files}
    spec: {accessModes: [ReadWriteOnce]}
    ```
    """
    for claim in claims_of(workload, project):
        if not claim.modes or not claim.modes <= {_ONE_NODE, _ONE_POD}:
            continue
        if _ONE_NODE in claim.modes and _on_one_node(workload):
            continue
        yield from _shared(workload, claim, most(workload, project), project)


def _shared(workload: Workload, claim: Claim, count: float, project: Project) -> Iterator[Answer]:
    assert claim.claim
    mode = _ONE_NODE if _ONE_NODE in claim.modes else _ONE_POD
    if not count or (count == 1 and (workload.kind == "ReplicaSet" or _stops_first(workload))):
        return
    other = unsettled(workload, project)
    see = (Note(claim.claim.spec["accessModes"], f"{mode}: for one {'node' if mode == _ONE_NODE else 'pod'}"),)
    if other:
        yield Unknown(claim.volume, f"{other.path} may change the replicas or the strategy")
    elif count > 1:
        words = f"{count:g} pods of {workload.object_name} share {claim.name}, which is {mode}: not all of them start"
        fix = Fix("a StatefulSet with volumeClaimTemplates, or storage that is ReadWriteMany")
        yield Finding(claim.volume, words, see, fix)
    else:
        words = f"the new pod waits for {claim.name} ({mode}), which the old one holds until the new one is ready"
        yield Finding(claim.volume, words, see, Fix("strategy: {type: Recreate}"), severity="medium")


def _stops_first(workload: Workload) -> bool:
    """Whether the one old pod is stopped before a new one starts."""
    strategy = workload.spec["strategy"]
    if strategy["type"].text == "Recreate" or workload.kind == "Rollout":
        return True  # a Rollout's way is its own: a canary or a preview, judged by whoever wrote it
    surge = strategy["rollingUpdate"]["maxSurge"]
    return surge.present and surge.text in ("0", "0%")


def _on_one_node(workload: Workload) -> bool:
    pod = workload.pod
    if pod["nodeName"].present or pod["nodeSelector"]["kubernetes.io/hostname"].present:
        return True
    required = pod.at("affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution")
    return any(term["topologyKey"] == "kubernetes.io/hostname" for term in required)
