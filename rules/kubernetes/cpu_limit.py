from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Container, fault_of
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-cpu-limit",
    gate="workload-reliability",
    severity="low",
    seed="4.2 Kubernetes Deployment Template",
    aliases=["CKV_K8S_11", "KSV-0011", "polaris:cpuLimitsMissing"],
    where=lambda container: container.asked_for("limits"),
)
def cpu_limit(container: Container, project: Project) -> Iterator[Answer]:
    """Every container has a CPU limit.

    A limit makes a container as fast on an empty node as on a full one, which makes load tests tell something. It also
    throttles a container while the node is idle, and CPU requests alone protect the neighbours: many teams leave it
    out on purpose. So this is advice only, and k8s-cpu-request and k8s-memory-limit are what counts.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            # expect: no CPU limit
            - name: app
              image: app:1.2.0
              resources: {requests: {cpu: 250m}, limits: {memory: 512Mi}}
    ```

    Bad, nothing:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - name: app
          image: app:1.2.0
          # expect: limits nothing
          resources: {limits: {cpu: 0}}
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
              resources: {limits: {cpu: "1"}}
    ```
    """
    limit = container.limit("cpu")
    wrong = fault_of(limit, "limits nothing")
    patch = None if limit.present else unsettled(container, project)
    if wrong:
        yield Finding(limit, wrong)
    elif patch:
        yield Unknown(container, f"{patch.path} may patch the resources")
    elif not limit.present:
        yield Finding(container, f"no CPU limit: how fast {container.container_name} is depends on its neighbours")
