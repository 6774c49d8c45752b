from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Container, fault_of
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-cpu-request",
    gate="workload-reliability",
    severity="medium",
    seed="4.2 Kubernetes Deployment Template",
    aliases=["CKV_K8S_10"],
    where=lambda container: container.asked_for("requests"),
)
def cpu_request(container: Container, project: Project) -> Iterator[Answer]:
    """Every container requests CPU.

    The scheduler places pods by their requests: one that asks for nothing lands anywhere, and is the first to be
    starved. Also asked of init containers and native sidecars. A CPU limit alone counts, because the API copies it
    into the request; other tools that call such a container a fault mean something else (KSV-0015, polaris
    cpuRequestsMissing). A LimitRange of the cluster, which may fill in a request, is not looked at.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            # expect: no CPU request
            - name: app
              image: app:1.2.0
              resources: {requests: {memory: 128Mi}}
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
                requests:
                  # expect: is no quantity
                  cpu: 250 m
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
          resources: {requests: {cpu: 0}}
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
              resources: {requests: {cpu: 250m}}
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
              resources: {limits: {cpu: "1"}}
    ```
    """
    request = container.request("cpu")
    wrong = fault_of(request, "reserves nothing")
    patch = None if request.present else unsettled(container, project)
    if wrong:
        yield Finding(request, wrong)
    elif patch:
        yield Unknown(container, f"{patch.path} may patch the resources")
    elif not request.present:
        yield Finding(container, f"no CPU request: the scheduler cannot tell where {container.container_name} fits")
