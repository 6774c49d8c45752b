from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import rule


def _runs_on(workload: Workload) -> bool:
    hook = any(key in ("helm.sh/hook", "argocd.argoproj.io/hook") for key in workload.annotations)
    return not workload.batch and not hook


@rule(
    "k8s-naked-pod",
    gate="workload-reliability",
    severity="medium",
    seed="Anti-Patterns to Avoid: Snowflake servers",
    where=_runs_on,
)
def naked_pod(workload: Workload) -> Iterator[Finding]:
    """Pods are made by a controller.

    A Pod that nobody controls is not started again when its node goes, cannot be rolled out or back, and cannot be
    scaled. Use a Deployment, a StatefulSet, a DaemonSet or a Job. Judged is what is to run on: not what runs to
    completion, and not hooks of Helm or Argo CD.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    # expect: no controller
    metadata: {name: app}
    spec: {containers: [{name: app, image: "app:1.2.0"}]}
    ```

    Good, it ends:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {template: {spec: {containers: [{name: app, image: "app:1.2.0"}]}}}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: migrate}
    spec: {restartPolicy: Never, containers: [{name: migrate, image: "app:1.2.0"}]}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: test, annotations: {helm.sh/hook: test}}
    spec: {containers: [{name: test, image: "test:1.2.0"}]}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: web-0, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: web, uid: "1"}]}
    spec: {containers: [{name: web, image: "web:1.2.0"}]}
    ```
    """
    if workload.kind == "Pod" and not workload.metadata["ownerReferences"]:
        words = f"Pod {workload.object_name} has no controller: nobody starts it again elsewhere"
        yield Finding(workload, words, fix=Fix("make it the template of a Deployment, or of what fits"))
