from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note
from gatekeeper.models.kubernetes import PodDisruptionBudget
from gatekeeper.rule import rule


@rule(
    "k8s-pdb-policy",
    gate="workload-reliability",
    severity="medium",
    seed="1.2 Architecture Design",
    aliases=["kube-score:poddisruptionbudget-has-policy"],
)
def pdb_policy(budget: PodDisruptionBudget) -> Iterator[Finding]:
    """Every PodDisruptionBudget says how many pods may go.

    With neither `minAvailable` nor `maxUnavailable` it promises nothing, and whoever wrote it believes that the pods
    are safe. With both the API refuses it.

    Bad:
    ```yaml
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web}
    # expect: neither
    spec: {selector: {matchLabels: {app: web}}}
    ---
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: api}
    spec:
      minAvailable: 1
      # expect: both
      maxUnavailable: 1
      selector: {matchLabels: {app: api}}
    ```

    Good:
    ```yaml
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web}
    spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
    ```
    """
    least, most = budget.spec["minAvailable"], budget.spec["maxUnavailable"]
    if least.present and most.present:
        yield Finding(most, "both minAvailable and maxUnavailable: the API refuses it", (Note(least, "the other"),))
    elif not least.present and not most.present:
        fix = Fix("set maxUnavailable: 1")
        yield Finding(budget.spec, "neither minAvailable nor maxUnavailable: it promises nothing", fix=fix)
