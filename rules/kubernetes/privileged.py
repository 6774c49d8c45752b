from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import rule


@rule(
    "k8s-privileged",
    gate="container-hardening",
    severity="high",
    seed="6.1 Security Checklist",
    aliases=[
        "CKV_K8S_16",
        "KSV-0017",
        "kube-linter:privileged-container",
        "kube-score:container-security-context-privileged",
        "polaris:runAsPrivileged",
    ],
)
def privileged(container: Container) -> Iterator[Finding]:
    """No container is privileged.

    A privileged container has every capability and every device of the node: whoever gets into it owns the node.
    Asked of init containers and ephemeral containers too. `privileged` can only be set on a container, never on the
    pod.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: debug}
    spec:
      containers:
        - name: shell
          image: debug:1.0.0
          securityContext:
            # expect: privileged
            privileged: true
    ```

    Bad, in the words of YAML 1.1, which the API reads:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - name: app
          image: app:1.0.0
          securityContext:
            # expect: privileged
            privileged: yes
    ```

    Bad, by a patch:
    ```yaml base/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {template: {spec: {containers: [{name: app, image: "app:1.0.0"}]}}}
    ```
    ```yaml base/kustomization.yaml
    resources: [app.yaml]
    ```
    ```yaml prod/kustomization.yaml
    resources: [../base]
    patches: [{path: patch.yaml}]
    ```
    ```yaml prod/patch.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            - name: app
              securityContext:
                # expect: privileged
                privileged: on
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "app:1.0.0", securityContext: {privileged: false}}]
    ```

    Unknown, filled in later:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "app:1.0.0", securityContext: {privileged: "${PRIVILEGED}"}}]
    ```
    """
    setting = container.security("privileged")
    if setting == True:  # noqa: E712  # a node compares by value
        yield Finding(setting, f"{container.container_name} is privileged: it owns the node")
