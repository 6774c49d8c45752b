from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Container
from gatekeeper.models.kubernetes.editing import setting as set_to
from gatekeeper.rule import Answer, Edit, Place, rule


@rule(
    "k8s-privilege-escalation",
    gate="container-hardening",
    severity="medium",
    seed="6.1 Security Checklist",
    aliases=["CKV_K8S_20", "KSV-0001", "polaris:privilegeEscalationAllowed"],
    where=lambda container: container.asked_for("allowPrivilegeEscalation"),
)
def privilege_escalation(container: Container, project: Project) -> Iterator[Answer]:
    """No container may gain more rights than it was started with.

    Absent, `allowPrivilegeEscalation` is true: a setuid program inside can become root. It can only be set on a
    container, never on the pod. kube-linter's check of that name asks for less: an absent field passes there. Pods
    for Windows are not judged.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          securityContext: {allowPrivilegeEscalation: false}
          containers:
            # expect: allowPrivilegeEscalation
            - name: app
              image: app:1.2.0
            - name: proxy
              image: proxy:2.0.1
              securityContext:
                # expect: allowPrivilegeEscalation
                allowPrivilegeEscalation: true
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            - name: app
              image: app:1.2.0
              securityContext: {allowPrivilegeEscalation: false}
    ```
    """
    setting = container.security("allowPrivilegeEscalation")
    if setting == False:  # noqa: E712  # a node compares by value
        return
    patch = unsettled(container, project)
    if patch:
        yield Unknown(container, f"{patch.path} may patch allowPrivilegeEscalation")
        return
    at = setting if setting.present else container
    words = f"{container.container_name} may gain rights: allowPrivilegeEscalation is not false"
    change = set_to(container.node, ("securityContext", "allowPrivilegeEscalation"), "false")
    edits = (Edit(Place(change.source, change.span), change.text),) if change else ()
    fix = Fix("set securityContext.allowPrivilegeEscalation: false on the container", edits, safe=False)
    yield Finding(at, words, fix=fix)
