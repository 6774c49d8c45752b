from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import account_name, account_of, is_bound, unsettled
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "k8s-service-account-token",
    gate="container-hardening",
    severity="low",
    seed="6.1 Security Hardening",
    aliases=["CKV_K8S_38", "polaris:automountServiceAccountToken"],
)
def service_account_token(workload: Workload, project: Project) -> Iterator[Answer]:
    """A pod that does not need the API carries no token for it.

    The token of its ServiceAccount lies in every container unless `automountServiceAccountToken: false` stands on the
    pod or on the ServiceAccount; whoever gets into a process speaks to the API with it. The pod's word counts over the
    ServiceAccount's. A pod whose ServiceAccount is given a role here needs its token. KSV-0036 asks for less: an absent
    field passes there.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    # expect: a token
    metadata: {name: app}
    spec: {template: {spec: {containers: [{name: app, image: "app:1.2.0"}]}}}
    ```

    Bad, the pod takes it back:
    ```yaml
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: app}
    automountServiceAccountToken: false
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      serviceAccountName: app
      # expect: a token
      automountServiceAccountToken: true
      containers: [{name: app, image: "app:1.2.0"}]
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      automountServiceAccountToken: false
      containers: [{name: app, image: "app:1.2.0"}]
    ```

    Good, its ServiceAccount says so, or is given a role:
    ```yaml
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: app, namespace: shop}
    automountServiceAccountToken: false
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: app, namespace: shop}
    spec: {serviceAccountName: app, containers: [{name: app, image: "app:1.2.0"}]}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: operator, namespace: shop}
    spec: {serviceAccountName: operator, containers: [{name: operator, image: "operator:1.2.0"}]}
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: operator, namespace: shop}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects: [{kind: ServiceAccount, name: operator}]
    ```

    Unknown, the ServiceAccount is elsewhere:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec: {serviceAccountName: app, containers: [{name: app, image: "app:1.2.0"}]}
    ```
    """
    own = workload.pod["automountServiceAccountToken"]
    if own.present:
        if own != False and not is_bound(workload, project):  # noqa: E712  # a node compares by value
            yield _finding(workload)._replace(at=own)
        return
    account = account_of(workload, project)
    if (account and account.automount == False) or is_bound(workload, project):  # noqa: E712  # a node compares by value
        return
    patch = unsettled(workload, project)
    name = account_name(workload)
    if patch:
        yield Unknown(workload, f"{patch.path} may patch automountServiceAccountToken")
    elif account is None and name != "default":
        yield Unknown(workload, f"ServiceAccount {name} is not here: it may say so itself", Reason.NOT_OWNED_HERE)
    else:
        yield _finding(workload)


def _finding(workload: Workload) -> Finding:
    words = f"every container of {workload.object_name} holds a token for the API, and nothing here gives it a role"
    return Finding(workload, words, fix=Fix("automountServiceAccountToken: false on the pod"))
