from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import elsewhere, selected, unsettled
from gatekeeper.models.kubernetes import PodDisruptionBudget, Workload, texts
from gatekeeper.rule import Answer, Reason, rule

_CONTROL_PLANE = ("kube-", "openshift-", "gke-managed-", "gmp-", "azure-", "calico-", "tigera-")


def _selects(budget: PodDisruptionBudget) -> bool:
    """Whether it names labels, of pods that are not part of the cluster itself."""
    selector = budget.selector
    if budget.namespace.startswith(_CONTROL_PLANE) or "k8s-app" in texts(budget.spec["selector"]["matchLabels"]):
        return False
    return bool(selector.requirements) and not selector.nothing


@rule(
    "k8s-pdb-selects-nothing",
    gate="workload-reliability",
    severity="medium",
    seed="1.2 Architecture Design",
    where=_selects,
)
def pdb_selects_nothing(budget: PodDisruptionBudget, project: Project) -> Iterator[Answer]:
    """Every PodDisruptionBudget selects pods of some workload.

    One that selects nothing protects nothing, and no tool says so: the object is valid, and a drain takes the pods it
    was written for. The pods are looked for in the whole repository. Budgets of the control plane's own pods are not
    judged. Where pods may come from elsewhere (no workload here at all, a chart or remote base that is installed, an
    operator) the answer is not known.

    Bad:
    ```yaml k8s/pdb.yaml
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web}
    spec:
      maxUnavailable: 1
      # expect: no pod here
      selector: {matchLabels: {app: webapp}}
    ```
    ```yaml k8s/web.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ```

    Good, in another folder:
    ```yaml budgets/web.yaml
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web}
    spec: {maxUnavailable: 1, selector: {matchExpressions: [{key: app, operator: Exists}]}}
    ```
    ```yaml apps/web.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ```

    Unknown, an operator makes the pods:
    ```yaml
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: prometheus}
    spec: {maxUnavailable: 1, selector: {matchLabels: {app.kubernetes.io/name: prometheus}}}
    ---
    apiVersion: monitoring.coreos.com/v1
    kind: Prometheus
    metadata: {name: k8s}
    spec: {replicas: 2}
    ```
    """
    if selected(budget.selector, budget, project).workloads:
        return
    at = budget.spec["selector"]
    for node in at.walk():
        node.value  # noqa: B018  # what is filled in later may match
    other = elsewhere(project)
    if other:
        yield Unknown(at, f"its pods may come from elsewhere: {other}", Reason.NOT_OWNED_HERE)
    elif unsettled(budget, project):
        yield Unknown(at, "a kustomization may add labels to selectors and pods")
    elif not project.all(Workload):
        yield Unknown(at, "no workload is declared here", Reason.NOT_OWNED_HERE)
    else:
        yield Finding(at, "no pod here has these labels: the budget protects nothing")
