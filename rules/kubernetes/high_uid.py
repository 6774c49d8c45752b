from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-high-uid",
    gate="container-hardening",
    severity="off",
    seed="6.1 Security Hardening",
    aliases=["CKV_K8S_40"],
    where=lambda container: container.asked_for("runAsUser"),
)
def high_uid(container: Container, project: Project) -> Iterator[Answer]:
    """Every container runs as a user that no user of a node has.

    A process that gets out of its container is the node's user of the same number. From 10000 on there is none;
    with `hostUsers: false` the number is not the node's at all. Asked for by few, so it runs only when it is asked
    for. Pods for Windows are not judged.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      securityContext: {runAsUser: 20000}
      containers:
        - name: app
          image: app:1.2.0
          # expect: runAsUser
          securityContext: {runAsUser: 1000}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      securityContext: {runAsUser: 20000}
      containers: [{name: app, image: "app:1.2.0"}]
    ```
    """
    setting = container.security("runAsUser")
    number = setting.number
    if number is not None and number >= 10000:
        return
    if container.workload.pod["hostUsers"] == False:  # noqa: E712  # a node compares by value
        return
    patch = unsettled(container, project)
    if patch:
        yield Unknown(container, f"{patch.path} may patch runAsUser")
        return
    at = setting if setting.present else container
    words = f"runAsUser of {container.container_name} is {setting.text or 'not set'}: one below 10000 may be a node's"
    yield Finding(at, words, fix=Fix("set runAsUser to a number from 10000 on"))
