from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import account_name, unsettled
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-default-service-account",
    gate="security-posture",
    severity="low",
    seed="6.1 Security Hardening",
    aliases=["kube-linter:default-service-account"],
    where=lambda workload: workload.pod["automountServiceAccountToken"] != False,  # noqa: E712  # a node compares by value
)
def default_service_account(workload: Workload, project: Project) -> Iterator[Answer]:
    """Every workload runs as a ServiceAccount of its own.

    What one pod of a namespace is given through `default`, all of them have. Pods with
    `automountServiceAccountToken: false` are not meant: they are nobody to the API.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    # expect: default
    metadata: {name: app}
    spec: {template: {spec: {containers: [{name: app, image: "app:1.2.0"}]}}}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: debug}
    spec:
      # expect: default
      serviceAccountName: default
      containers: [{name: debug, image: "debug:1.2.0"}]
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec: {serviceAccountName: app, containers: [{name: app, image: "app:1.2.0"}]}
    ```
    """
    if account_name(workload) != "default":
        return
    patch = unsettled(workload, project)
    if patch:
        yield Unknown(workload, f"{patch.path} may patch serviceAccountName")
        return
    named = workload.pod["serviceAccountName"]
    words = f"{workload.object_name} runs as the ServiceAccount default, which it shares with its namespace"
    yield Finding(named if named.present else workload, words, fix=Fix("make a ServiceAccount for it and name it"))
