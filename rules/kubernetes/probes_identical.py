from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Container
from gatekeeper.models.kubernetes.probes import probe, share_handler
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-probes-identical",
    gate="workload-reliability",
    severity="low",
    seed="4.2 Kubernetes Deployment Template",
    where=lambda container: container.node["livenessProbe"].present and container.node["readinessProbe"].present,
)
def probes_identical(container: Container, project: Project) -> Iterator[Answer]:
    """Liveness and readiness do not fail in the same moment.

    A readiness probe takes a pod out of traffic, a liveness probe restarts it. Where both ask the same and fail after
    the same time (`periodSeconds` times `failureThreshold`), a pod that is merely busy is restarted when it should
    have been left in peace, and under load all of them are. Asking the same is fine where liveness is given longer.
    Where it is given less time, see k8s-liveness-more-eager. kube-score's pod-probes-identical means something else:
    it compares what is asked and not for how long.

    Bad:
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
              ports: [{name: http, containerPort: 3000}]
              # expect: 30 s
              livenessProbe: {httpGet: {path: /health, port: 3000}}
              readinessProbe: {httpGet: {path: /health, port: http}, initialDelaySeconds: 5}
    ```

    Good:
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
              livenessProbe: {httpGet: {path: /health, port: 3000}, failureThreshold: 6}
              readinessProbe: {httpGet: {path: /health, port: 3000}}
            - name: other
              image: other:1.2.0
              livenessProbe: {httpGet: {path: /live, port: 3000}}
              readinessProbe: {httpGet: {path: /ready, port: 3000}}
    ```
    """
    live, ready = probe(container, "livenessProbe"), probe(container, "readinessProbe")
    if live is None or ready is None or not share_handler(container) or live.window != ready.window:
        return
    patch = unsettled(container, project)
    if patch:
        yield Unknown(live.node, f"{patch.path} may patch the probes")
    else:
        words = f"both probes ask the same and fail after {live.window:g} s: a busy pod is restarted"
        fix = Fix("give livenessProbe a higher failureThreshold, or an address that only says whether it hangs")
        yield Finding(live.node, words, (Note(ready.node, "asks the same"),), fix)
