from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-capabilities-drop-all",
    gate="container-hardening",
    severity="medium",
    seed="6.1 Security Checklist",
    aliases=["CKV_K8S_37", "KSV-0003"],
    where=lambda container: container.asked_for("capabilities"),
)
def capabilities_drop_all(container: Container, project: Project) -> Iterator[Answer]:
    """Every container drops all capabilities.

    A container starts with a dozen of root's powers (changing owners, opening raw sockets) that hardly any program
    uses. Drop `ALL`, and add back the ones that are needed. Capabilities stand on the container, never on the pod.
    Pods for Windows are not judged.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      initContainers:
        # expect: keeps capabilities
        - {name: setup, image: "setup:1.0.0"}
      containers:
        - name: app
          image: app:1.2.0
          securityContext:
            capabilities:
              # expect: keeps capabilities
              drop: [NET_RAW]
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
          securityContext: {capabilities: {drop: [all], add: [NET_BIND_SERVICE]}}
    ```
    """
    drop = container.security("capabilities")["drop"]
    if any(item.text.upper() == "ALL" for item in drop):
        return
    patch = unsettled(container, project)
    if patch:
        yield Unknown(container, f"{patch.path} may patch the capabilities")
        return
    at = drop if drop.present else container
    words = f"{container.container_name} keeps capabilities that it was given by default"
    yield Finding(at, words, fix=Fix("set securityContext.capabilities.drop: [ALL] on the container"))
