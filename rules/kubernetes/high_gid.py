from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-high-gid",
    gate="container-hardening",
    severity="off",
    seed="6.1 Security Hardening",
    aliases=["KSV-0021"],
    where=lambda container: container.asked_for("runAsGroup"),
)
def high_gid(container: Container, project: Project) -> Iterator[Answer]:
    """Every container runs as a group that no group of a node has.

    A process that gets out of its container is in the node's group of the same number. Above 10000 there is
    none. Asked for by few, so it runs only when it is asked for. Pods for Windows are not judged.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      securityContext: {runAsGroup: 20000}
      containers:
        - name: app
          image: app:1.2.0
          # expect: runAsGroup
          securityContext: {runAsGroup: 1000}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      securityContext: {runAsGroup: 20000}
      containers: [{name: app, image: "app:1.2.0"}]
    ```
    """
    setting = container.security("runAsGroup")
    number = setting.number
    if number is not None and number >= 10001:
        return
    patch = unsettled(container, project)
    if patch:
        yield Unknown(container, f"{patch.path} may patch runAsGroup")
        return
    at = setting if setting.present else container
    words = f"runAsGroup of {container.container_name} is {setting.text or 'not set'}: one below 10001 may be a node's"
    yield Finding(at, words, fix=Fix("set runAsGroup to a number from 10001 on"))
