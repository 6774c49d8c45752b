from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Container
from gatekeeper.models.kubernetes.pod_security import dropped
from gatekeeper.rule import rule


@rule(
    "k8s-linux-hardening",
    gate="container-hardening",
    severity="off",
    seed="6.1 Security Hardening",
    aliases=["polaris:linuxHardening"],
    where=lambda container: container.asked_for("capabilities"),
)
def linux_hardening(container: Container) -> Iterator[Finding]:
    """Something of the kernel holds every container.

    AppArmor, seccomp, SELinux or dropped capabilities: one of them is the least. Off, because k8s-seccomp-profile and
    k8s-capabilities-drop-all each ask for more. Pods for Windows are not judged.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        # expect: nothing holds app
        - {name: app, image: "app:1.2.0"}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      securityContext: {seccompProfile: {type: RuntimeDefault}}
      containers: [{name: app, image: "app:1.2.0"}]
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: web}
    spec:
      containers: [{name: web, image: "web:1.2.0", securityContext: {capabilities: {drop: [NET_RAW]}}}]
    ```
    """
    fields = ("seccompProfile", "appArmorProfile", "seLinuxOptions")
    annotation = f"container.apparmor.security.beta.kubernetes.io/{container.container_name}"
    held = any(container.security(field).present for field in fields) or bool(dropped(container))
    if not held and not container.workload.template["metadata"]["annotations"][annotation].present:
        yield Finding(
            container, f"nothing holds {container.container_name}: no AppArmor, seccomp, SELinux or capabilities"
        )
