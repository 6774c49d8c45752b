from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Container, amount
from gatekeeper.rule import rule


@rule(
    "k8s-requests-equal-limits",
    gate="workload-reliability",
    severity="off",
    seed="4.2 Kubernetes Deployment Template",
    aliases=["kube-score:container-resource-requests-equal-limits"],
    where=lambda container: container.asked_for("limits"),
)
def requests_equal_limits(container: Container) -> Iterator[Finding]:
    """Every container requests what it may use at most.

    Where requests and limits of CPU and memory are equal, a pod is "Guaranteed" and evicted last; it also pays for its
    peak all day. A limit without a request is copied into it and is equal. kube-score has checks for CPU and memory
    alone, which are halves of this rule. Runs only when it is asked for.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - name: app
          image: app:1.2.0
          resources:
            # expect: memory
            requests: {memory: 256Mi, cpu: 1000m}
            limits: {memory: 512Mi, cpu: "1"}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - name: app
          image: app:1.2.0
          resources: {requests: {memory: 1Gi}, limits: {memory: 1024Mi, cpu: "1"}}
    ```
    """
    for resource in ("cpu", "memory"):
        request, limit = container.request(resource), container.limit(resource)
        if not limit.present or not request.present or amount(request) != amount(limit):
            said = f"{request.text or 'none'} requested, {limit.text or 'no'} limit"
            yield Finding(request if request.present else container, f"{resource}: {said}")
