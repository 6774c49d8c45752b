from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Container, fault_of
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-memory-limit",
    gate="workload-reliability",
    severity="medium",
    seed="4.2 Kubernetes Deployment Template",
    aliases=["CKV_K8S_13", "KSV-0018", "polaris:memoryLimitsMissing"],
    where=lambda container: container.asked_for("limits"),
)
def memory_limit(container: Container, project: Project) -> Iterator[Answer]:
    """Every container has a memory limit.

    A leak in a container without a limit takes the node's memory, and the kernel then kills somebody else's process.
    Also asked of init containers and native sidecars. A CPU limit is another matter: see k8s-cpu-limit. A LimitRange
    of the cluster, which may fill in a limit, is not looked at.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            # expect: no memory limit
            - name: app
              image: app:1.2.0
              resources: {requests: {memory: 256Mi}, limits: {cpu: "1"}}
    ```

    Bad, not a quantity:
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
              resources:
                limits:
                  # expect: is no quantity
                  memory: 512MB
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
          resources: {limits: {memory: 0}}
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
              resources: {limits: {memory: 512Mi}}
    ```

    Good, set for the pod as a whole:
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
              resources: {}
          resources: {limits: {memory: 1Gi}}
    ```
    """
    limit = container.limit("memory")
    wrong = fault_of(limit, "limits nothing")
    patch = None if limit.present else unsettled(container, project)
    if wrong:
        yield Finding(limit, wrong)
    elif patch:
        yield Unknown(container, f"{patch.path} may patch the resources")
    elif not limit.present:
        yield Finding(container, f"no memory limit: a leak in {container.container_name} takes the whole node")
