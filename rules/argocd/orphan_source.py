from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links.argocd_files import beside, covered
from gatekeeper.models.kubernetes import Object
from gatekeeper.rule import Answer, rule


@rule(
    "argocd-orphan-source",
    gate="iac-validation",
    severity="medium",
    seed="Best Practices Checklist, Deployment: GitOps",
    aliases=["argocd-source-lint:orphan-source"],
    where=lambda each, project: beside(each, project) is not None,
)
def orphan_source(each: Object, project: Project) -> Iterator[Answer]:
    """Every folder of manifests beside those that Argo CD syncs is synced too.

    A folder that no Application names looks as if it were deployed, and is not: somebody forgot the Application, or the
    folder. Judged where Applications sync at least two folders beside it, and most of them. Folders in
    which Applications are written are not meant (somebody begins by hand), nor is what a kustomization takes in.

    Bad:
    ```yaml argocd/apps.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: apps/shop}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: web}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: apps/web}
    ```
    ```yaml apps/shop/namespace.yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop}
    ```
    ```yaml apps/web/namespace.yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: web}
    ```
    ```yaml apps/pay/namespace.yaml
    apiVersion: v1
    kind: Namespace
    # expect: no Application syncs apps/pay
    metadata: {name: pay}
    ```

    Good:
    ```yaml argocd/apps.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: ApplicationSet
    metadata: {name: apps}
    spec:
      generators:
        - git: {repoURL: "https://github.com/acme/gitops", directories: [{path: "apps/*"}]}
      template:
        metadata: {name: "{{path.basename}}"}
        spec:
          source: {repoURL: "https://github.com/acme/gitops", path: "{{path}}"}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop-again}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: apps/shop}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: web-again}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: apps/web}
    ```
    ```yaml apps/shop/namespace.yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop}
    ```
    ```yaml apps/web/namespace.yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: web}
    ```
    """
    found = beside(each, project)
    if found is None or not (found.orphan and found.first):
        return
    known = covered(project)
    if known.open:
        yield Unknown(each, f"no Application is seen to sync {found.folder}; {known.open.name} may")
    else:
        note = Note(found.neighbour, "syncs the folder beside it")
        words = f"no Application syncs {found.folder}"
        yield Finding(each, words, (note,), Fix("name it in an Application, or remove it"))
