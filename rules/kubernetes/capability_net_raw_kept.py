from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Container
from gatekeeper.models.kubernetes.pod_security import dropped
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-capability-net-raw-kept",
    gate="container-hardening",
    severity="off",
    seed="6.1 Security Hardening",
    aliases=["CKV_K8S_28", "kube-linter:drop-net-raw-capability"],
    where=lambda container: container.asked_for("capabilities"),
)
def capability_net_raw_kept(container: Container, project: Project) -> Iterator[Answer]:
    """Every container drops NET_RAW.

    A part of k8s-capabilities-drop-all, for those who cannot drop `ALL`: raw sockets let a process forge packets. Pods
    for Windows are not judged.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        # expect: NET_RAW
        - {name: app, image: "app:1.2.0"}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - {name: app, image: "app:1.2.0", securityContext: {capabilities: {drop: [NET_RAW]}}}
        - {name: proxy, image: "proxy:1.2.0", securityContext: {capabilities: {drop: [all]}}}
    ```
    """
    if dropped(container) & {"NET_RAW", "ALL"}:
        return
    patch = unsettled(container, project)
    if patch:
        yield Unknown(container, f"{patch.path} may patch the capabilities")
    else:
        words = f"{container.container_name} keeps NET_RAW: it can forge packets"
        yield Finding(container, words, fix=Fix("set securityContext.capabilities.drop: [NET_RAW], or [ALL]"))
