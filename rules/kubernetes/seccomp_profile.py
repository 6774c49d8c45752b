from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-seccomp-profile",
    gate="container-hardening",
    severity="low",
    seed="6.1 Security Hardening",
    aliases=["CKV_K8S_31", "KSV-0030", "kube-score:container-seccomp-profile"],
    where=lambda container: container.asked_for("seccompProfile"),
)
def seccomp_profile(container: Container, project: Project) -> Iterator[Answer]:
    """Every container has a filter of system calls.

    `RuntimeDefault` keeps a few dozen calls from a container that hardly any program makes, and many a way out of
    containers began with one. `Localhost` names a profile of one's own. The container's own setting counts over that of
    its pod. Absent, a kubelet without `seccompDefault` filters nothing; the annotation of old has no effect since
    Kubernetes 1.27. Pods for Windows are not judged.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          initContainers:
            - name: setup
              image: setup:1.0.0
              securityContext: {seccompProfile: {type: RuntimeDefault}}
          containers:
            # expect: seccomp
            - name: app
              image: app:1.2.0
    ```

    Good:
    ```yaml
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: report}
    spec:
      jobTemplate:
        spec:
          template:
            spec:
              securityContext: {seccompProfile: {type: RuntimeDefault}}
              containers:
                - {name: report, image: "report:1.2.0"}
                - name: upload
                  image: upload:1.2.0
                  securityContext: {seccompProfile: {type: Localhost, localhostProfile: upload.json}}
    ```
    """
    kind = container.security("seccompProfile")["type"]
    if kind.text in ("RuntimeDefault", "Localhost"):
        return
    patch = unsettled(container, project)
    if patch:
        yield Unknown(container, f"{patch.path} may patch seccompProfile")
        return
    words = f"{container.container_name} has no seccomp profile: it may make every system call"
    fix = Fix("set securityContext.seccompProfile.type: RuntimeDefault on the pod")
    yield Finding(kind if kind.present else container, words, fix=fix)
