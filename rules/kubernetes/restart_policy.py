from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import Answer, rule

_ENDING = frozenset({"Job", "CronJob"})
_RUNNING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"})


@rule(
    "k8s-restart-policy",
    gate="iac-validation",
    severity="medium",
    seed="7. Infrastructure code passes validation",
    aliases=["kube-score:cronjob-restartpolicy"],
    where=lambda workload: workload.kind in _ENDING | _RUNNING and workload.group in ("", "apps", "batch"),
)
def restart_policy(workload: Workload, project: Project) -> Iterator[Answer]:
    """Every workload has a restart policy that its kind allows.

    A Job or CronJob must say `restartPolicy: Never` or `OnFailure`: what stands for nothing written is Always, which
    the API refuses for them. A Deployment, StatefulSet, DaemonSet or ReplicaSet may only have Always. Which of the two
    a Job has is left to you. kube-linter's restart-policy means something else (it takes Never for a fault).

    Bad:
    ```yaml
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: report}
    spec:
      schedule: "0 4 * * *"
      jobTemplate:
        spec:
          template:
            # expect: no restartPolicy
            spec:
              containers: [{name: report, image: "report:1.0.0"}]
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          # expect: OnFailure
          restartPolicy: OnFailure
          containers: [{name: app, image: "app:1.2.0"}]
    ```

    Good:
    ```yaml
    apiVersion: batch/v1
    kind: Job
    metadata: {name: migrate}
    spec: {template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: "app:1.2.0"}]}}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {template: {spec: {restartPolicy: Always, containers: [{name: app, image: "app:1.2.0"}]}}}
    ```
    """
    policy = workload.pod["restartPolicy"]
    if workload.kind in _ENDING:
        wrong, wanted = policy.text not in ("Never", "OnFailure"), "Never or OnFailure"
    else:
        wrong, wanted = policy.text not in ("", "Always"), "Always"
    if not wrong:
        return
    patch = unsettled(workload, project)
    if patch:
        yield Unknown(policy, f"{patch.path} may patch the restartPolicy")
    else:
        said = policy.text or "no restartPolicy"
        yield Finding(policy, f"{said}: the API refuses a {workload.kind} without {wanted}", fix=Fix(f"set {wanted}"))
