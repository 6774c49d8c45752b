from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Container
from gatekeeper.models.kubernetes.probes import probe
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-liveness-probe",
    gate="workload-reliability",
    severity="medium",
    seed="4.2 Kubernetes Deployment Template",
    aliases=["CKV_K8S_8", "polaris:livenessProbeMissing"],
    where=lambda container: container.asked_for("livenessProbe"),
)
def liveness_probe(container: Container, project: Project) -> Iterator[Answer]:
    """Every container that runs permanently has a liveness probe.

    Without one the kubelet restarts a container only when its process ends: one that hangs stays in place until a
    person notices. Not asked of Jobs, CronJobs, Pods that run to completion, init containers, native sidecars,
    ephemeral containers, and Knative Services (which add their own).

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            # expect: no livenessProbe
            - name: app
              image: app:1.2.0
              readinessProbe: {httpGet: {path: /ready, port: 8080}}
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
              livenessProbe: {initialDelaySeconds: 5}
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
            - {name: migrate, image: "app:1.2.0"}
          containers:
            - name: app
              image: app:1.2.0
              livenessProbe: {httpGet: {path: /health, port: 8080}}
    ---
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: report}
    spec:
      jobTemplate:
        spec:
          template:
            spec:
              containers: [{name: report, image: "report:1.0.0"}]
    ```

    Good, an overlay adds it:
    ```yaml base/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers: [{name: app, image: "app:1.2.0"}]
    ```
    ```yaml base/kustomization.yaml
    resources: [app.yaml]
    ```
    ```yaml prod/kustomization.yaml
    resources: [../base]
    patches: [{path: probes.yaml}]
    ```
    ```yaml prod/probes.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers: [{name: app, livenessProbe: {tcpSocket: {port: 8080}}}]
    ```
    """
    written = probe(container, "livenessProbe")
    if written and written.asks:
        return
    patch = unsettled(container, project)
    if patch:
        yield Unknown(container, f"{patch.path} may patch the livenessProbe")
    elif written:
        yield Finding(written.node, "the livenessProbe asks nothing: the API refuses it")
    else:
        yield Finding(container, f"no livenessProbe: {container.container_name} is not restarted when it hangs")
