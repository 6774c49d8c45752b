from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Container
from gatekeeper.models.kubernetes.probes import probe
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-readiness-probe",
    gate="workload-reliability",
    severity="medium",
    seed="4.2 Kubernetes Deployment Template",
    aliases=["CKV_K8S_9", "polaris:readinessProbeMissing"],
    where=lambda container: container.asked_for("readinessProbe"),
)
def readiness_probe(container: Container, project: Project) -> Iterator[Answer]:
    """Every container that runs permanently has a readiness probe.

    Without one a pod gets traffic as soon as its process has started, and a rollout goes on although the new version
    cannot answer. Not asked of Jobs, CronJobs, Pods that run to completion, init containers, native sidecars,
    ephemeral containers, and Knative Services (which add their own).

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: queue}
    spec:
      template:
        spec:
          containers:
            # expect: no readinessProbe
            - name: queue
              image: queue:3.1.0
              livenessProbe: {tcpSocket: {port: 5672}}
    ```

    Bad, found by its shape:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: app}
    spec:
      template:
        spec:
          # expect: no readinessProbe
          containers: [{name: app, image: "app:1.2.0"}]
    ```

    Bad, it asks nothing:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            - name: app
              image: app:1.2.0
              # expect: asks nothing
              readinessProbe: {initialDelaySeconds: 5}
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          initContainers:
            - {name: proxy, image: "proxy:2.0.1", restartPolicy: Always}
          containers:
            - name: app
              image: app:1.2.0
              readinessProbe: {httpGet: {path: /ready, port: 8080}}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: smoke-test}
    spec:
      restartPolicy: Never
      containers: [{name: smoke-test, image: "smoke:1.0.0"}]
    ```
    """
    written = probe(container, "readinessProbe")
    if written and written.asks:
        return
    patch = unsettled(container, project)
    if patch:
        yield Unknown(container, f"{patch.path} may patch the readinessProbe")
    elif written:
        yield Finding(written.node, "the readinessProbe asks nothing: the API refuses it")
    else:
        yield Finding(container, f"no readinessProbe: {container.container_name} gets traffic before it can answer")
