from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Object, Workload, written
from gatekeeper.models.kubernetes.pod_security import ENFORCE, breaches
from gatekeeper.models.kubernetes.templates import REASON, stands_in_as_key
from gatekeeper.node import Node
from gatekeeper.rule import Answer, rule


def _label(workload: Workload, project: Project) -> Node | None:
    """What the workload's namespace enforces, by a Namespace that is written here."""
    spaces = project.by(Object, "kind").get("Namespace", ()) if workload.namespace else ()
    found = [each.metadata["labels"][ENFORCE] for each in spaces if each.object_name == workload.namespace]
    return next((label for label in found if written(label) in ("baseline", "restricted")), None)


def _filled_in(node: Node) -> bool:
    """Whether a script writes the securityContext: `securityContext: {CONTEXT_OF_WEB: ""}`."""
    context = node["securityContext"]
    return context.is_mapping and any(stands_in_as_key(context, key) for key in context.value)


@rule(
    "k8s-pod-security-refused",
    gate="iac-validation",
    severity="high",
    seed="6.1 Security Hardening",
    where=lambda workload, project: _label(workload, project) is not None,
)
def pod_security_refused(workload: Workload, project: Project) -> Iterator[Answer]:
    """A workload keeps to the level that its namespace enforces.

    With `pod-security.kubernetes.io/enforce` on the Namespace the API refuses pods that ask for more than the level
    allows. A Deployment is taken all the same: it only never gets its pods. Judged are workloads that name a namespace
    which is written here with a level.

    Bad:
    ```yaml k8s/namespace.yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}
    ```
    ```yaml k8s/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app, namespace: shop}
    spec:
      template:
        spec:
          securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
          containers:
            - name: app
              image: app:1.2.0
              securityContext:
                allowPrivilegeEscalation: false
                # expect: capabilities are not dropped
                capabilities: {}
    ```

    Bad, baseline:
    ```yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: agents, labels: {pod-security.kubernetes.io/enforce: baseline}}
    ---
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: agent, namespace: agents}
    spec:
      template:
        spec:
          # expect: hostPID: true
          hostPID: true
          containers: [{name: agent, image: "agent:1.0.0"}]
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: app, namespace: shop}
    spec:
      securityContext: {runAsNonRoot: true, runAsUser: 1001, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: app
          image: app:1.2.0
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}
      volumes: [{name: tmp, emptyDir: {}}]
    ```

    Unknown, a script writes it:
    ```yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: app, namespace: shop}
    spec: {containers: [{name: app, image: "app:1.2.0", securityContext: {CONTEXT_OF_APP: ""}}]}
    ```
    """
    label = _label(workload, project)
    assert label is not None
    see = (Note(label, f"the namespace enforces {label.text}"),)
    if any(map(_filled_in, (workload.pod, *(each.node for each in workload.containers)))):
        yield Unknown(workload, f"securityContext {REASON}")
        return
    for breach, container in breaches(workload, label.text):
        patch = unsettled(container or workload, project)
        if patch:
            yield Unknown(workload, f"{patch.path} may patch securityContext")
            return
        who = container.container_name if container else workload.object_name
        yield Finding(breach.at, f"the API refuses the pods of {workload.object_name}: {who}: {breach.words}", see)
