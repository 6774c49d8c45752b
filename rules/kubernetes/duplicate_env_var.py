from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note
from gatekeeper.models.kubernetes import Container, EnvVar
from gatekeeper.rule import rule


@rule(
    "k8s-duplicate-env-var",
    gate="iac-validation",
    severity="medium",
    seed="7. Infrastructure code passes validation",
    aliases=["kube-linter:duplicate-env-var", "kube-score:environment-variable-key-duplication"],
    where=lambda container: bool(container.env),
)
def duplicate_env_var(container: Container) -> Iterator[Finding]:
    """No container sets an environment variable twice.

    The last entry wins, which is not always the one that was meant. Later changes merge the list by name, so that
    `kubectl apply` may keep, drop or mix up either of them; server-side apply refuses the list.

    Bad:
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
              env:
                - {name: LOG_LEVEL, value: info}
                - {name: PORT, value: "8080"}
                # expect: LOG_LEVEL
                - {name: LOG_LEVEL, value: debug}
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          initContainers: [{name: migrate, image: "app:1.2.0", env: [{name: LOG_LEVEL, value: debug}]}]
          containers:
            - name: app
              image: app:1.2.0
              env: [{name: LOG_LEVEL, value: info}, {name: PORT, value: "8080"}]
    ```
    """
    seen: dict[str, EnvVar] = {}
    for variable in container.env:
        if not variable.name:
            continue
        first = seen.setdefault(variable.name, variable)
        if first is not variable:
            words = f"{variable.name} is set twice: what the first entry says is lost"
            yield Finding(variable.node["name"], words, (Note(first.node["name"], "set here"),), Fix("remove one"))
