from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Container, fault_of
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-memory-request",
    gate="workload-reliability",
    severity="medium",
    seed="4.2 Kubernetes Deployment Template",
    aliases=["CKV_K8S_12"],
    where=lambda container: container.asked_for("requests"),
)
def memory_request(container: Container, project: Project) -> Iterator[Answer]:
    """Every container requests memory.

    The scheduler places pods by their requests, and when a node runs out of memory those that requested none are
    evicted first. Also asked of init containers and native sidecars. A memory limit alone counts, because the API
    copies it into the request; other tools that call such a container a fault mean something else (KSV-0016, polaris
    memoryRequestsMissing). A LimitRange of the cluster, which may fill in a request, is not looked at.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            # expect: no memory request
            - name: app
              image: app:1.2.0
              resources: {requests: {cpu: 250m}}
    ```

    Bad, empty:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            # expect: no memory request
            - name: app
              image: app:1.2.0
              resources: {}
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
          # expect: reserves nothing
          resources: {requests: {memory: 0}}
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
              resources: {requests: {memory: 256Mi}}
    ```

    Good, a limit is copied into the request:
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
              resources: {limits: {memory: 1Gi}}
    ```

    Unknown, filled in later:
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
              resources: {requests: {memory: "${MEMORY}"}}
    ```
    """
    request = container.request("memory")
    wrong = fault_of(request, "reserves nothing")
    patch = None if request.present else unsettled(container, project)
    if wrong:
        yield Finding(request, wrong)
    elif patch:
        yield Unknown(container, f"{patch.path} may patch the resources")
    elif not request.present:
        yield Finding(container, f"no memory request: {container.container_name} is evicted first when a node is full")
