from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-read-only-root",
    gate="container-hardening",
    severity="low",
    seed="6.1 Security Checklist",
    aliases=[
        "CKV_K8S_22",
        "KSV-0014",
        "kube-linter:no-read-only-root-fs",
        "kube-score:container-security-context-readonlyrootfilesystem",
        "polaris:notReadOnlyRootFilesystem",
    ],
    where=lambda container: container.asked_for("readOnlyRootFilesystem"),
)
def read_only_root(container: Container, project: Project) -> Iterator[Answer]:
    """Every container's root file system is read-only.

    Whoever gets into a process cannot change its program or leave tools behind. What the program writes goes to a
    volume (`emptyDir` for `/tmp`). Pods for Windows are not judged.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        # expect: may write
        - {name: app, image: "app:1.2.0"}
        - name: proxy
          image: proxy:2.0.1
          securityContext:
            # expect: may write
            readOnlyRootFilesystem: false
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "app:1.2.0", securityContext: {readOnlyRootFilesystem: true}}]
    ```
    """
    setting = container.security("readOnlyRootFilesystem")
    if setting == True:  # noqa: E712  # a node compares by value
        return
    patch = unsettled(container, project)
    if patch:
        yield Unknown(container, f"{patch.path} may patch readOnlyRootFilesystem")
        return
    at = setting if setting.present else container
    words = f"{container.container_name} may write to its own root file system"
    yield Finding(at, words, fix=Fix("set securityContext.readOnlyRootFilesystem: true on the container"))
