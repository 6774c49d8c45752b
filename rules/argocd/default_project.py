from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links.argocd_projects import project_of
from gatekeeper.models.kubernetes import Application
from gatekeeper.rule import rule


@rule(
    "argocd-default-project",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening",
)
def default_project(each: Application, project: Project) -> Iterator[Finding]:
    """Every Application belongs to a project that limits it.

    The project `default` lets everything in: any repository, any cluster, any namespace, any kind of object. Whoever
    can change an Application in it can deploy whatever they like wherever Argo CD reaches. Where an AppProject
    `default` here limits its sources and destinations nothing is said.

    Bad:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      # expect: default lets everything in
      project: default
      source: {repoURL: "https://github.com/acme/gitops", path: shop}
      destination: {server: "https://kubernetes.default.svc", namespace: shop}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    # expect: no project
    metadata: {name: web}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: web}
      destination: {server: "https://kubernetes.default.svc", namespace: web}
    ```

    Good:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      project: shop
      source: {repoURL: "https://github.com/acme/gitops", path: shop}
      destination: {server: "https://kubernetes.default.svc", namespace: shop}
    ```

    Good, the default is limited:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      project: default
      source: {repoURL: "https://github.com/acme/gitops", path: shop}
      destination: {server: "https://kubernetes.default.svc", namespace: shop}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: AppProject
    metadata: {name: default}
    spec:
      sourceRepos: ["https://github.com/acme/*"]
      destinations: [{server: "https://kubernetes.default.svc", namespace: shop}]
    ```

    Unknown, filled in:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: ApplicationSet
    metadata: {name: shop}
    spec:
      generators: [{clusters: {}}]
      template:
        metadata: {name: "shop-{{name}}"}
        spec:
          project: "{{metadata.labels.team}}"
          source: {repoURL: "https://github.com/acme/gitops", path: shop}
          destination: {name: "{{name}}", namespace: shop}
    ```
    """
    if each.project.text not in ("", "default"):
        return
    belongs = project_of(each, project)
    if belongs is None or belongs.open:
        words = "the project default lets everything in" if each.project.text else "no project: default is taken"
        at = each.project if each.project.present else each
        yield Finding(at, words, fix=Fix("give it an AppProject that names its sources and destinations"))
