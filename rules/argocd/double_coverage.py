from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project
from gatekeeper.links.argocd_files import shared_with, synced
from gatekeeper.models.kubernetes import Application
from gatekeeper.rule import rule


@rule(
    "argocd-double-coverage",
    gate="iac-validation",
    severity="medium",
    seed="Best Practices Checklist, Deployment: GitOps",
    aliases=["argocd-source-lint:double-coverage"],
    where=lambda each, project: any(synced(source, project) for source in each.sources),
)
def double_coverage(each: Application, project: Project) -> Iterator[Finding]:
    """No two Applications sync the same file to the same place.

    Each of them takes the objects for its own: they are marked as shared, change hands with every sync, and the one
    that prunes deletes what the other made. The same folder for other clusters or namespaces, with other options of
    kustomize, and a chart that is released twice are not meant.

    Bad:
    ```yaml argocd/apps.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    # expect: also synced by Application/whole: apps/shop/namespace.yaml
    metadata: {name: shop}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: apps/shop}
      destination: {server: "https://kubernetes.default.svc", namespace: shop}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: whole}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: apps, directory: {recurse: true}}
      destination: {server: "https://kubernetes.default.svc", namespace: shop}
    ```
    ```yaml apps/shop/namespace.yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop}
    ```

    Good:
    ```yaml argocd/apps.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop-eu}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: apps/shop}
      destination: {name: eu, namespace: shop}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop-us}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: apps/shop}
      destination: {name: us, namespace: shop}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: platform}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: apps}
      destination: {name: eu, namespace: shop}
    ```
    ```yaml apps/shop/namespace.yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop}
    ```
    ```yaml apps/namespace.yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: apps}
    ```

    Unknown, nobody can tell which:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: ApplicationSet
    metadata: {name: shop}
    spec:
      generators: [{clusters: {}}]
      template:
        metadata: {name: "shop-{{name}}"}
        spec:
          source: {repoURL: "{{metadata.annotations.repository}}", path: apps/shop}
          destination: {name: "{{name}}", namespace: shop}
    ```
    """
    for other, path in shared_with(each, project):
        note = Note(other, f"syncs {path} too")
        yield Finding(each, f"also synced by {_called(other)}: {path}", (note,), Fix("let one of them sync it"))


def _called(other: Application) -> str:
    return f"{other.name} ({other.object_name})" if other.made else other.name
