from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import elsewhere, unsettled
from gatekeeper.links.commands import texts
from gatekeeper.links.rbac import account_name, account_of
from gatekeeper.models.kubernetes import ServiceAccount, Workload
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "k8s-service-account-missing",
    gate="iac-validation",
    severity="medium",
    seed="Phase 7 Infrastructure code passes validation",
    where=lambda workload: account_name(workload) != "default",
)
def service_account_missing(workload: Workload, project: Project) -> Iterator[Answer]:
    """The ServiceAccount that a workload runs as is declared.

    Pods that name a ServiceAccount which is not there are not created: the controller says that it is not found, and
    tries again for ever. It may stand anywhere in the repository, in the workload's namespace or in one that is not
    written. Where a script or Terraform creates one of that name, or charts and remote manifests bring objects along,
    the answer is not known; so it is where this repository declares no ServiceAccount at all. kube-linter looks at one
    folder or chart only (non-existent-service-account).

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app, namespace: shop}
    spec:
      template:
        spec:
          # expect: no ServiceAccount
          serviceAccountName: app
          containers: [{name: app, image: "app:1.2.0"}]
    ---
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: app, namespace: other}
    ```

    Good:
    ```yaml k8s/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app, namespace: shop}
    spec:
      template:
        spec:
          serviceAccountName: app
          containers: [{name: app, image: "app:1.2.0"}]
    ```
    ```yaml rbac/app.yaml
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: app}
    ```

    Unknown, a script creates it:
    ```yaml k8s/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app, namespace: shop}
    spec:
      template:
        spec:
          serviceAccountName: app
          containers: [{name: app, image: "app:1.2.0"}]
    ---
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: worker, namespace: shop}
    ```
    ```text scripts/setup.sh
    kubectl create serviceaccount app --namespace shop
    ```
    """
    if account_of(workload, project):
        return
    name = account_name(workload)
    pod = workload.pod
    at = pod["serviceAccountName"] if pod["serviceAccountName"].present else pod["serviceAccount"]
    at.text  # noqa: B018  # what is filled in later may name one that is there
    made = next((path for path, text in texts(project, "serviceaccount", "service_account") if name in text), "")
    patch, other = unsettled(workload, project), elsewhere(project, "ServiceAccount")
    if patch:
        yield Unknown(at, f"{patch.path} may change it")
    elif made:
        yield Unknown(at, f"{made} may create it", Reason.NOT_OWNED_HERE)
    elif other:
        yield Unknown(at, f"it may come from elsewhere: {other}", Reason.NOT_OWNED_HERE)
    elif not project.all(ServiceAccount):
        yield Unknown(at, "no ServiceAccount is declared here", Reason.NOT_OWNED_HERE)
    else:
        where = f" in namespace {workload.namespace}" if workload.namespace else ""
        yield Finding(at, f"there is no ServiceAccount {name}{where}: the pods are not created")
