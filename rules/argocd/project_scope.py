from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links.argocd_projects import permits_destination, permits_source, projects_of
from gatekeeper.models.kubernetes import Application
from gatekeeper.rule import Answer, rule


@rule(
    "argocd-project-scope",
    gate="iac-validation",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["argocd-source-lint:project-scope-violation"],
    where=lambda each, project: bool(projects_of(each, project)),
)
def project_scope(each: Application, project: Project) -> Iterator[Answer]:
    """Every Application keeps to what its project lets in.

    Argo CD refuses an Application whose source or destination its AppProject does not name: it is not synced any more,
    which is often noticed only at the next release. Judged where the AppProject is here. Destinations are held against
    the project as they are written: a cluster's name is not its address, except for that of Argo CD (`in-cluster`), so
    a project that names the one and an Application that names the other are not known to fit.

    Bad:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      project: shop
      source:
        # expect: not among the sources
        repoURL: https://github.com/other/gitops
        path: shop
      destination:
        server: https://kubernetes.default.svc
        # expect: not among the destinations
        namespace: payments
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: AppProject
    metadata: {name: shop}
    spec:
      sourceRepos: ["https://github.com/acme/*"]
      destinations: [{name: in-cluster, namespace: "shop*"}]
    ```

    Good:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      project: shop
      source: {repoURL: "https://github.com/Acme/gitops.git", path: shop}
      destination: {server: "https://kubernetes.default.svc", namespace: shop-web}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: AppProject
    metadata: {name: shop}
    spec:
      sourceRepos: ["https://github.com/acme/*"]
      destinations: [{name: in-cluster, namespace: "shop*"}]
    ```

    Unknown, a name and an address:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      project: shop
      source: {repoURL: "https://github.com/acme/gitops", path: shop}
      destination: {name: production, namespace: shop}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: AppProject
    metadata: {name: shop}
    spec:
      sourceRepos: ["*"]
      destinations: [{server: "https://10.0.0.1:6443", namespace: shop}]
    ```
    """
    belongs = projects_of(each, project)
    for source in each.sources:
        text = source.repository.text
        if text and not any(permits_source(one, text) for one in belongs):
            words = f"{text} is not among the sources of the project {belongs[0].object_name}"
            yield Finding(source.repository, words, (Note(belongs[0], "the project"),), Fix("name it in sourceRepos"))
    permitted = {permits_destination(one, each.destination) for one in belongs}
    if True in permitted:
        return
    namespace, name = each.destination["namespace"], belongs[0].object_name
    at = namespace if namespace.present else each
    if None in permitted:
        yield Unknown(at, f"whether the project {name} has this destination, the address of the cluster says")
    else:
        cluster = each.destination["name"].text or each.destination["server"].text
        words = f"{namespace.text or 'no namespace'} of {cluster or 'no cluster'} is not among the destinations"
        fix = Fix("name it in destinations")
        yield Finding(at, f"{words} of the project {name}", (Note(belongs[0], "the project"),), fix)
