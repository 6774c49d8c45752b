from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.links.schemas import is_patch
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import Answer, rule

_DEMANDED = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})


def _has_selector(workload: Workload, project: Project) -> bool:
    """Kinds whose selector the API checks against the template; in the old API groups an absent one was filled in."""
    if is_patch(workload, project):
        return False
    if workload.kind in _DEMANDED and workload.group == "apps":
        return True
    return workload.kind in (*_DEMANDED, "ReplicationController") and len(workload.selector_node) > 0


@rule(
    "k8s-selector-mismatch",
    gate="iac-validation",
    severity="high",
    seed="7 Infrastructure code passes validation",
    aliases=[
        "kube-linter:mismatching-selector",
        "kube-score:deployment-pod-selector-labels-match-template-metadata-labels",
        "kube-score:statefulset-pod-selector-labels-match-template-metadata-labels",
    ],
    where=_has_selector,
)
def selector_mismatch(workload: Workload, project: Project) -> Iterator[Answer]:
    """Every workload selects the pods it makes.

    The API refuses a Deployment, StatefulSet, DaemonSet or ReplicaSet without a selector, with an empty one, or with
    one that its own pod template does not match. Both `matchLabels` and `matchExpressions` count, and labels that a
    kustomization adds to selectors and pods. Patches are not judged.

    Bad, none:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      # expect: no selector
      name: order-service
    spec:
      replicas: 3
      template:
        spec:
          containers: [{name: order-service, image: "order-service:1.0.0"}]
    ```

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: queue}
    spec:
      # expect: does not select
      selector: {matchLabels: {app: queue, tier: backend}}
      template:
        metadata: {labels: {app: queue}}
        spec:
          containers: [{name: queue, image: "queue:1.0.0"}]
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      selector:
        matchLabels: {app: app}
        matchExpressions: [{key: tier, operator: In, values: [web, api]}]
      template:
        metadata: {labels: {app: app, tier: web, version: v1}}
        spec:
          containers: [{name: app, image: "app:1.0.0"}]
    ```

    Good, a kustomization adds the labels:
    ```yaml app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers: [{name: app, image: "app:1.0.0"}]
    ```
    ```yaml kustomization.yaml
    resources: [app.yaml]
    commonLabels: {app: app}
    ```

    Good, a patch that no kustomization lists any more:
    ```yaml config/kustomization.yaml
    resources: [app.yaml]
    ```
    ```yaml config/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      selector: {matchLabels: {app: app}}
      template: {metadata: {labels: {app: app}}, spec: {containers: [{name: app, image: "app:1.0.0"}]}}
    ```
    ```yaml config/app_auth_patch.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {template: {spec: {containers: [{name: proxy, image: "proxy:1.0.0"}]}}}
    ```
    ```yaml config/app_env.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {template: {spec: {containers: [{name: app, env: [{name: LOG_LEVEL, value: debug}]}]}}}
    ```
    """
    selector = workload.selector_node
    if selector.known and len(selector) and workload.selector.matches(workload.pod_labels):
        return
    labels = workload.template.at("metadata.labels")
    for node in (*selector.walk(), *labels.walk()):
        node.value  # noqa: B018  # what is filled in later may still match
    if unsettled(workload, project):
        yield Unknown(workload, "a kustomization may add labels to selectors and pods")
    elif not len(selector):
        at = selector if selector.present else workload
        fix = Fix("add spec.selector.matchLabels and the same labels in spec.template.metadata.labels")
        yield Finding(at, "no selector: the API refuses it", fix=fix)
    else:
        see = (Note(labels, "the labels of its pods"),)
        yield Finding(selector, "does not select the pods of its own template: the API refuses it", see)
