from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Workload
from gatekeeper.models.kubernetes.pod_security import apparmor
from gatekeeper.rule import rule


@rule(
    "k8s-apparmor-unconfined",
    gate="container-hardening",
    severity="off",
    seed="6.1 Security Hardening",
)
def apparmor_unconfined(workload: Workload) -> Iterator[Finding]:
    """Pods keep to a profile of AppArmor.

    The runtime's profile, or one that lies on the node. Judged is what is written, as a field or as the annotation of
    old; absent, the runtime's own counts, and so does one of the node's, which KSV-0002 refuses. Off, because a node
    without AppArmor ignores it.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        metadata:
          annotations:
            # expect: AppArmor profile unconfined
            container.apparmor.security.beta.kubernetes.io/app: unconfined
        spec:
          securityContext:
            appArmorProfile:
              # expect: AppArmor profile Unconfined
              type: Unconfined
          containers: [{name: app, image: "app:1.2.0"}]
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      securityContext: {appArmorProfile: {type: RuntimeDefault}}
      containers: [{name: app, image: "app:1.2.0"}]
    ```
    """
    for breach in apparmor(workload):
        yield Finding(breach.at, f"{breach.words}: nothing holds the processes of this pod")
