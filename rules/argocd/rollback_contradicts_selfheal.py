from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links.argocd_rollbacks import against, goings
from gatekeeper.models.docs import Document
from gatekeeper.models.kubernetes import Application
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "argocd-rollback-contradicts-selfheal",
    gate="deployment-rollback",
    severity="high",
    seed="11. Rollback Procedure; anti-pattern No rollback plan",
    where=lambda document, project: bool(project.all(Application)) and bool(goings(document)),
)
def rollback_contradicts_selfheal(document: Document, project: Project) -> Iterator[Answer]:
    """The way back that is written down works with Argo CD.

    While sync is automated, Argo CD refuses `argocd app rollback`. With `selfHeal` it undoes `kubectl rollout undo`
    within seconds: the broken version is back while everybody believes it is gone. And of a chart that Argo CD renders
    Helm knows no release, so `helm rollback` finds nothing. What works is to revert the commit, or to switch automated
    sync off first (`argocd app set NAME --sync-policy none`): a section that says so before the command is well.

    A command is held against the Applications that it names, or that sync the workload it names. Where the reader is to
    fill in the name, or some of these Applications are synced by hand, it is not known which is meant.

    Bad:
    ```markdown docs/runbooks/rollback.md
    # Rollback
    <!-- expect: heals it back -->
    `kubectl rollout undo deployment/shop -n shop`

    <!-- expect: refuses it -->
    `argocd app rollback shop 3`
    ```
    ```yaml argocd/apps.yaml
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
    ```
    ```yaml apps/shop/deployment.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: shop}
    spec: {template: {spec: {containers: [{name: shop, image: "shop:1.0.0"}]}}}
    ```
    ```yaml apps/web/deployment.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}}
    ```

    Good:
    ```markdown docs/runbooks/rollback.md
    # Rollback
    ## Quickly
    1. Disable auto-sync: `argocd app set shop --sync-policy none`
    2. `argocd app rollback shop 3`

    ## What is synced by hand
    `argocd app rollback web 3`
    ```
    ```yaml argocd/apps.yaml
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
    ```

    Unknown, whoever reads it says which:
    ```markdown docs/runbooks/rollback.md
    # Rollback
    `argocd app rollback <app>`
    ```
    ```yaml argocd/apps.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: apps/shop}
      destination: {server: "https://kubernetes.default.svc", namespace: shop}
      syncPolicy: {automated: {}}
    ```
    """
    for going in goings(document):
        met = against(going, project)
        if met is None:
            continue
        words = f"{going.command} {going.name}: {met.words}"
        if met.certain:
            fix = Fix("revert the commit, or switch automated sync off first")
            yield Finding(going.node, words, (Note(met.application, "is synced by itself"),), fix)
        else:
            yield Unknown(going.node, f"{words}, where {met.application.name} is meant", Reason.NEEDS_HUMAN)
