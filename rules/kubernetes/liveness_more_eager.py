from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Container
from gatekeeper.models.kubernetes.probes import probe, share_handler
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-liveness-more-eager",
    gate="workload-reliability",
    severity="medium",
    seed="4.2 Kubernetes Deployment Template",
    where=lambda container: container.node["livenessProbe"].present and container.node["readinessProbe"].present,
)
def liveness_more_eager(container: Container, project: Project) -> Iterator[Answer]:
    """A pod leaves the traffic before it is restarted.

    Where both probes ask the same and liveness fails first, the container is killed while the Service still sends it
    requests, and what would have passed in a moment becomes a restart. What counts is `periodSeconds` times
    `failureThreshold` (10 and 3 where nothing is written). The delay before the first probe is left aside: a pod that
    was never ready gets no traffic. Where both fail at once, see k8s-probes-identical.

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
              # expect: after 10 s
              livenessProbe: {tcpSocket: {port: 8080}, periodSeconds: 10, failureThreshold: 1}
              readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 10}
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
              livenessProbe: {tcpSocket: {port: 8080}, initialDelaySeconds: 5, periodSeconds: 20}
              readinessProbe: {tcpSocket: {port: 8080}, initialDelaySeconds: 60, periodSeconds: 10}
    ```
    """
    live, ready = probe(container, "livenessProbe"), probe(container, "readinessProbe")
    if live is None or ready is None or not share_handler(container) or live.window >= ready.window:
        return
    patch = unsettled(container, project)
    if patch:
        yield Unknown(live.node, f"{patch.path} may patch the probes")
    else:
        words = f"restarted after {live.window:g} s, out of traffic after {ready.window:g} s only"
        fix = Fix("let liveness wait longer than readiness: a higher failureThreshold")
        yield Finding(live.node, words, (Note(ready.node, "asks the same, for longer"),), fix)
