from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project
from gatekeeper.links.argocd_drift import Drift, drifting
from gatekeeper.models.kubernetes import Application
from gatekeeper.rule import rule


@rule(
    "argocd-missing-ignore-differences",
    gate="deployment-rollback",
    severity="low",
    seed="Best Practices Checklist, Deployment: GitOps",
    aliases=["argocd-source-lint:missing-ignore-diff"],
    where=lambda each: each.heals,
)
def missing_ignore_differences(each: Application, project: Project) -> Iterator[Finding]:
    """Argo CD leaves alone what a controller of the cluster fills in.

    With `selfHeal`, a field that the repository writes and a controller writes otherwise is put back within seconds,
    and the controller writes it again: the two never agree. Known of these are the `caBundle` that cert-manager
    injects, and the weights of a VirtualService that Argo Rollouts moves. What nobody writes is not compared. A fixed
    number of replicas beside an autoscaler is told of where the workload is. `ignoreDifferences` of the Application,
    and `resource.customizations.ignoreDifferences` of Argo CD itself, count.

    Bad:
    ```yaml argocd/shop.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: apps/shop}
      destination: {server: "https://kubernetes.default.svc", namespace: shop}
      syncPolicy: {automated: {selfHeal: true}}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: web}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: apps/web}
      destination: {server: "https://kubernetes.default.svc", namespace: web}
      syncPolicy: {automated: {selfHeal: true}}
    ```
    ```yaml apps/shop/webhook.yaml
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingWebhookConfiguration
    metadata: {name: shop, annotations: {cert-manager.io/inject-ca-from: shop/webhook}}
    webhooks:
      - name: shop.example.com
        # expect: cert-manager writes it
        clientConfig: {caBundle: Cg==, service: {name: shop, namespace: shop}}
    ```
    ```yaml apps/web/webhook.yaml
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingWebhookConfiguration
    metadata: {name: web, annotations: {cert-manager.io/inject-ca-from: web/webhook}}
    webhooks:
      - name: web.example.com
        clientConfig: {service: {name: web, namespace: web}}
    ```

    Good:
    ```yaml argocd/shop.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: apps/shop}
      destination: {server: "https://kubernetes.default.svc", namespace: shop}
      syncPolicy: {automated: {selfHeal: true}}
      ignoreDifferences:
        - group: admissionregistration.k8s.io
          kind: ValidatingWebhookConfiguration
          jqPathExpressions: [".webhooks[].clientConfig.caBundle"]
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: web}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: apps/web}
      destination: {server: "https://kubernetes.default.svc", namespace: web}
    ```
    ```yaml apps/shop/webhook.yaml
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingWebhookConfiguration
    metadata: {name: shop, annotations: {cert-manager.io/inject-ca-from: shop/webhook}}
    webhooks:
      - name: shop.example.com
        clientConfig: {caBundle: Cg==, service: {name: shop, namespace: shop}}
    ```
    ```yaml apps/web/namespace.yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: web}
    ```
    """
    for drift in drifting(each, project):
        yield Finding(drift.at, _words(drift), (Note(each, "heals it"),), Fix("name it in ignoreDifferences"))


def _words(drift: Drift) -> str:
    return f"{drift.writer} writes it, and Argo CD puts it back: {drift.object.name} {drift.field}"
