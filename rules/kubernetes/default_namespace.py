from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Object, Workload
from gatekeeper.rule import rule

_KINDS = frozenset(
    "ConfigMap Ingress NetworkPolicy PersistentVolumeClaim Role RoleBinding Secret Service ServiceAccount".split()
)


@rule(
    "k8s-default-namespace",
    gate="environments",
    severity="off",
    seed="2.1 Environment separation",
    aliases=["CKV_K8S_21"],
    where=lambda each: isinstance(each, Workload) or each.kind in _KINDS,
)
def default_namespace(each: Object) -> Iterator[Finding]:
    """Objects name their namespace, and it is not `default`.

    Off, because a kustomization, `helm -n` and `kubectl -n` choose one that no manifest shows. KSV-0110 and
    kube-linter's use-namespace mean fewer kinds.

    Bad:
    ```yaml
    apiVersion: v1
    kind: ConfigMap
    # expect: namespace
    metadata: {name: app}
    ---
    apiVersion: apps/v1
    kind: Deployment
    # expect: namespace
    metadata: {name: app, namespace: default}
    spec: {template: {spec: {containers: [{name: app, image: "app:1.2.0"}]}}}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: app, namespace: shop}
    ```
    """
    if each.namespace in ("", "default"):
        yield Finding(
            each, f"{each.name}: {'no namespace is' if not each.namespace else 'the namespace default is'} named"
        )
