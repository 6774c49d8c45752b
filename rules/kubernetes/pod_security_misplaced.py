from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import rule

_OF_A_CONTAINER = ("allowPrivilegeEscalation", "capabilities", "privileged", "procMount", "readOnlyRootFilesystem")


@rule(
    "k8s-pod-security-misplaced",
    gate="container-hardening",
    severity="high",
    seed="6.1 Security Checklist",
    where=lambda workload: workload.pod["securityContext"].present,
)
def pod_security_misplaced(workload: Workload) -> Iterator[Finding]:
    """Settings that only a container has stand on the container.

    The API drops `readOnlyRootFilesystem`, `allowPrivilegeEscalation`, `capabilities`, `privileged` and `procMount`
    from the securityContext of a pod: they look like protection, and do nothing. Judged are pods that have a
    securityContext.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          securityContext:
            runAsNonRoot: true
            # expect: no effect
            readOnlyRootFilesystem: true
          containers: [{name: app, image: "app:1.2.0"}]
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      securityContext: {runAsNonRoot: true, fsGroup: 1000}
      containers: [{name: app, image: "app:1.2.0", securityContext: {readOnlyRootFilesystem: true}}]
    ```
    """
    context = workload.pod["securityContext"]
    for field in _OF_A_CONTAINER:
        if context[field].present and context.known:
            fix = Fix("move it into the securityContext of each container")
            yield Finding(context[field], f"{field} has no effect on a pod: the API drops it", fix=fix)
