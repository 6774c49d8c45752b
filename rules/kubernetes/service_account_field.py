from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.kubernetes import Workload, written
from gatekeeper.rule import rule


@rule(
    "k8s-service-account-field",
    gate="iac-validation",
    severity="low",
    seed="7. Infrastructure code passes validation",
    aliases=["kube-linter:deprecated-service-account-field"],
    where=lambda workload: workload.pod["serviceAccount"].present,
)
def service_account_field(workload: Workload) -> Iterator[Finding]:
    """A pod names its ServiceAccount in `serviceAccountName`.

    `serviceAccount` is its name of old and deprecated. Objects that were read from a cluster hold both, which is fine
    while they agree; where they do not, `serviceAccountName` counts. Judged are pods that have the field.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      # expect: serviceAccountName
      serviceAccount: app
      containers: [{name: app, image: "app:1.2.0"}]
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: web}
    spec:
      # expect: serviceAccount web is ignored
      serviceAccount: web
      serviceAccountName: default
      containers: [{name: web, image: "web:1.2.0"}]
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      serviceAccount: app
      serviceAccountName: app
      containers: [{name: app, image: "app:1.2.0"}]
    ```
    """
    field, name = workload.pod["serviceAccount"], workload.pod["serviceAccountName"]
    if not name.present:
        yield Finding(field, "serviceAccount is deprecated: the field is serviceAccountName", fix=Fix("rename it"))
    elif written(name) != written(field):
        words = f"serviceAccount {written(field)} is ignored: serviceAccountName says {written(name)}"
        yield Finding(field, words, fix=Fix("remove serviceAccount"))
