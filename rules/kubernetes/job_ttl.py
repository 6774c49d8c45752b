from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import rule

_HOOKS = ("helm.sh/hook", "argocd.argoproj.io/hook")  # whoever runs a hook clears it away


def _judged(workload: Workload) -> bool:
    return workload.kind in ("Job", "CronJob") and not any(hook in workload.annotations for hook in _HOOKS)


@rule(
    "k8s-job-ttl",
    gate="workload-reliability",
    severity="low",
    seed="4.2 Kubernetes Deployment Template",
    aliases=["kube-linter:job-ttl-seconds-after-finished"],
    where=_judged,
)
def job_ttl(workload: Workload) -> Iterator[Finding]:
    """Jobs that are done are cleared away.

    A Job stays after it has finished, with its pods, until somebody deletes it, unless `ttlSecondsAfterFinished` says
    when. The Jobs of a CronJob are cleared away by its history limits, and the field in its template would remove what
    the history is to keep. Hooks of Helm and Argo CD are not judged.

    Bad:
    ```yaml
    apiVersion: batch/v1
    kind: Job
    metadata: {name: migrate}
    # expect: no ttlSecondsAfterFinished
    spec: {template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: "app:1.2.0"}]}}}
    ---
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: report}
    spec:
      jobTemplate:
        spec:
          # expect: history
          ttlSecondsAfterFinished: 60
          template: {spec: {restartPolicy: Never, containers: [{name: report, image: "report:1.0.0"}]}}
    ```

    Good:
    ```yaml
    apiVersion: batch/v1
    kind: Job
    metadata: {name: migrate}
    spec:
      ttlSecondsAfterFinished: 86400
      template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: "app:1.2.0"}]}}
    ---
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: report}
    spec:
      jobTemplate:
        spec: {template: {spec: {restartPolicy: Never, containers: [{name: report, image: "report:1.0.0"}]}}}
    ```
    """
    if workload.kind == "Job":
        kept = workload.spec["ttlSecondsAfterFinished"]
        if not kept.present:
            yield Finding(kept, "no ttlSecondsAfterFinished: the Job and its pods stay for ever")
        return
    kept = workload.spec.at("jobTemplate.spec.ttlSecondsAfterFinished")
    if kept.present:
        yield Finding(kept, "it removes what the CronJob's history limits are to keep")
