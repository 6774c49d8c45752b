from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import rule


@rule(
    "k8s-secret-as-env-var",
    gate="security-posture",
    severity="off",
    seed="6.2 Secrets Management",
    aliases=["CKV_K8S_35", "kube-linter:read-secret-from-env-var"],
)
def secret_as_env_var(container: Container) -> Iterator[Finding]:
    """No Secret reaches a container through its environment.

    Every process of the container inherits it, and it ends up in crash reports and in the output of whatever prints its
    environment; a file is read by whoever opens it, and is renewed without a restart. Taking a Secret into the
    environment with `secretKeyRef` is what most guides ask for, ours included: this is off until the settings or
    `--select` ask for it.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - name: app
          image: app:1.2.0
          env:
            # expect: DB_PASSWORD
            - {name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}
          # expect: app-env
          envFrom: [{secretRef: {name: app-env}}]
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
          env: [{name: DB_PASSWORD_FILE, value: /run/secrets/db/password}]
          envFrom: [{configMapRef: {name: app}}]
          volumeMounts: [{name: db, mountPath: /run/secrets/db}]
      volumes: [{name: db, secret: {secretName: db}}]
    ```
    """
    fix = Fix("mount the Secret as a volume, and have the program read the file")
    for variable in container.env:
        if variable.value_from["secretKeyRef"].present:
            yield Finding(variable.node, f"{variable.name} is taken from a Secret into the environment", fix=fix)
    entries = container.node["envFrom"]
    for entry in entries if entries.is_list else ():
        if entry["secretRef"].present:
            name = entry["secretRef"]["name"]
            yield Finding(name, f"all of the Secret {name.text} goes into the environment", fix=fix)
