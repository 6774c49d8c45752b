from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import remotely_made, unsettled
from gatekeeper.links.policies import policies_of
from gatekeeper.models.kubernetes import NetworkPolicy, Workload
from gatekeeper.rule import Answer, Reason, rule

_KINDS = ("NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy")


@rule(
    "k8s-network-policy-missing",
    gate="security-posture",
    severity="low",
    seed="6.1 Security Hardening",
    aliases=["CKV2_K8S_6", "kube-linter:non-isolated-pod"],
    where=lambda workload: not workload.pod["hostNetwork"] and "helm.sh/hook" not in workload.annotations,
)
def network_policy_missing(workload: Workload, project: Project) -> Iterator[Answer]:
    """Every pod is selected by a network policy.

    A pod that no policy selects takes connections from every other pod of the cluster, and may open any: whoever is in
    one container reaches all the others. NetworkPolicies of the API count, and those of Cilium and Calico, by
    `matchLabels` and `matchExpressions` and in their own namespace. A policy that selects every pod counts where it is
    applied with the pods: one without a namespace that stands far from them decides nothing, nor does one of a
    Kustomize component that the pods' own build leaves out. Pods of a chart's hooks and pods on the node's network are
    not meant: policies do not hold for them.

    kube-score and polaris ask for more: for policies of both directions, or for ones that name somebody.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      # expect: no network policy
      name: web
      namespace: shop
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: deny-all, namespace: other}
    spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
    ```

    Bad, a kustomization lacks what makes no policy:
    ```yaml web/deploy.yaml
    apiVersion: v1
    kind: Pod
    metadata:
      # expect: no network policy
      name: web
    spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ```
    ```yaml other/kustomization.yaml
    resources: [config.yaml]
    configMapGenerator: [{name: settings, envs: [params.env]}]
    patches: [{path: params.yaml}]
    ```
    ```yaml other/config.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: other}
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      template:
        metadata: {labels: {app: web, tier: front}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: front, namespace: shop}
    spec:
      podSelector: {matchExpressions: [{key: tier, operator: In, values: [front, back]}]}
      ingress: [{from: [{podSelector: {}}]}]
    ```

    Good, of Cilium:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: cilium.io/v2
    kind: CiliumNetworkPolicy
    metadata: {name: web}
    spec:
      endpointSelector: {matchLabels: {"k8s:app": web}}
      ingress: [{fromEntities: [cluster]}]
    ```

    Unknown, whether it is applied with the pods:
    ```yaml web/deploy.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ```
    ```yaml policies/deny.yaml
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: deny-all}
    spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
    ```
    """
    covered = policies_of(workload, project)
    if covered.policies:
        return
    for node in workload.template.at("metadata.labels").walk():
        node.value  # noqa: B018  # what is filled in later may be selected
    remote = remotely_made(NetworkPolicy, project, *_KINDS)
    if covered.unsure:
        yield Unknown(workload, covered.unsure)
    elif remote:
        yield Unknown(workload, f"no network policy here selects its pods; {remote}", Reason.NOT_OWNED_HERE)
    elif unsettled(workload, project):
        yield Unknown(workload, "a kustomization may add labels to selectors and pods")
    else:
        yield Finding(workload, "no network policy here selects its pods: every pod of the cluster reaches them")
