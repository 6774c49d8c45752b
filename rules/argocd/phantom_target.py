from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.argocd import Ours, in_tree, ours, place_of
from gatekeeper.models.kubernetes import Application
from gatekeeper.models.kubernetes.argocd import AppSource, Tracked, tracked
from gatekeeper.rule import Answer, rule


def _paths(each: Application, project: Project) -> list[AppSource]:
    """The sources that name a path of what is, or may be, this repository."""
    return [
        source
        for source in each.sources
        if source.path.present and not source.chart.present and _judged(source, project)
    ]


def _judged(source: AppSource, project: Project) -> bool:
    """Whether the path may be below the folder that is judged, and not only beside it."""
    answer, written = ours(source.repository, project), place_of(source.path)
    beside = answer.here and written is not None and in_tree(written, project) is None
    return answer is not Ours.NO and not beside


@rule(
    "argocd-phantom-target",
    gate="iac-validation",
    severity="high",
    seed="Best Practices Checklist, Deployment: GitOps",
    aliases=["argocd-source-lint:phantom-target"],
    where=lambda each, project: bool(_paths(each, project)),
)
def phantom_target(each: Application, project: Project) -> Iterator[Answer]:
    """Every folder that Argo CD is told to sync exists.

    An Application whose path is not there does not sync any more: what was deployed stays as it was, and nothing that
    is merged arrives. Judged where the address is this repository's (by its remote, its name, or the other paths that
    are here) and the revision is the branch that all work comes to; another branch or a tag may hold another folder.

    Bad:
    ```yaml argocd/apps.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      source: {repoURL: "git@github.com:acme/gitops.git", path: apps/shop}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: web}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: ./apps/web/, targetRevision: main}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: pay}
    spec:
      source:
        repoURL: https://github.com/acme/gitops
        # expect: there is no apps/pay here
        path: apps/pay
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

    Good:
    ```yaml argocd/apps.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: ApplicationSet
    metadata: {name: apps}
    spec:
      goTemplate: true
      generators:
        - git: {repoURL: "https://github.com/acme/gitops", directories: [{path: "apps/*"}]}
      template:
        metadata: {name: "{{.path.basename}}"}
        spec:
          source: {repoURL: "https://github.com/acme/gitops", path: "{{.path.path}}"}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: web}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: apps/web}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: apps/shop}
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

    Unknown, nothing says which repository this is:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: apps/shop}
    ```
    """
    for source in _paths(each, project):
        if ours(source.repository, project) is Ours.UNKNOWN:
            yield Unknown(source.repository, f"whether {source.repository.text} is this repository is not known")
            continue
        path = in_tree(place_of(source.path), project)
        if path is not None and project.tree.exists(path):
            continue
        words = f"there is no {source.path.text.strip('/')} here"
        if tracked(source) is Tracked.TRUNK:
            yield Finding(source.path, f"{words}: nothing is synced", fix=Fix("name a folder of the repository"))
        else:
            yield Unknown(source.path, f"{words}, but perhaps in {source.revision.text}")
