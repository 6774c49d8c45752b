from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.argocd import here, production_app
from gatekeeper.models.kubernetes import Application
from gatekeeper.models.kubernetes.argocd import AppSource, Tracked, tracked
from gatekeeper.models.pipeline.environments import Class, classify
from gatekeeper.rule import Answer, rule


def _fixed(each: Application) -> bool:
    """Whether it names its versions: that is well wherever it goes."""
    return bool(each.sources) and all(tracked(source) is Tracked.FIXED for source in each.sources)


@rule(
    "argocd-floating-revision",
    gate="deployment-rollback",
    severity="medium",
    seed="Best Practices Checklist, Deployment: GitOps",
    where=lambda each, project: _fixed(each) or production_app(each, project) is not None,
)
def floating_revision(each: Application, project: Project) -> Iterator[Answer]:
    """Argo CD deploys to production a version that somebody named.

    `HEAD`, `main` or a range of versions is whatever came last: production changes when somebody else merges, and there
    is no commit that says which version it was to be. A tag, a version or a commit names one; so does a branch of its
    own (`production`, `release/1.4`), and a folder of its own in this repository (`overlays/production`): what changes
    there is meant for production. A chart is named by its version; `1.x` and `>=1.2` are not.

    Bad:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop-production}
    spec:
      source:
        repoURL: https://github.com/acme/shop
        path: deploy
        # expect: main is whatever was merged last
        targetRevision: main
      destination: {name: production, namespace: shop}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: redis-production}
    spec:
      source:
        repoURL: https://charts.example.com
        chart: redis
        # expect: 18.x is whatever came out last
        targetRevision: 18.x
      destination: {name: production, namespace: redis}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: web-production}
    spec:
      # expect: HEAD is whatever was merged last
      source: {repoURL: "https://github.com/acme/web", path: deploy}
      destination: {name: production, namespace: web}
    ```

    Good:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop-production}
    spec:
      source: {repoURL: "https://github.com/acme/shop", path: deploy, targetRevision: v1.4.2}
      destination: {name: production, namespace: shop}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: web-production}
    spec:
      source: {repoURL: "https://github.com/acme/web", path: deploy, targetRevision: production}
      destination: {name: production, namespace: web}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: redis-production}
    spec:
      source: {repoURL: "https://charts.example.com", chart: redis, targetRevision: 18.19.4}
      destination: {name: production, namespace: redis}
    ```

    Good, a folder of its own:
    ```yaml argocd/shop.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop-production}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/production, targetRevision: main}
      destination: {name: production, namespace: shop}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop-staging}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/staging, targetRevision: main}
      destination: {name: staging, namespace: shop}
    ```
    ```yaml overlays/production/namespace.yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop}
    ```
    ```yaml overlays/staging/namespace.yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop}
    ```

    Unknown, filled in:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: ApplicationSet
    metadata: {name: shop}
    spec:
      generators: [{clusters: {selector: {matchLabels: {environment: production}}}}]
      template:
        metadata: {name: "shop-{{name}}"}
        spec:
          source: {repoURL: "https://github.com/acme/shop", path: deploy, targetRevision: "{{metadata.labels.release}}"}
          destination: {name: production, namespace: shop}
    ```
    """
    production = None if _fixed(each) else production_app(each, project)
    for source in each.sources:
        kind = tracked(source)
        if kind in (Tracked.FIXED, Tracked.OTHER) or _own(source, project):
            continue
        came = "came out" if kind is Tracked.RANGE else "was merged"
        nothing = "no version" if source.chart.present else "HEAD"
        words = f"{source.revision.text or nothing} is whatever {came} last"
        if production and not production.certain:
            yield Unknown(each, f"{words}; {production.why}")
        else:
            at = source.revision if source.revision.present else source.node
            yield Finding(at, f"{words}: production follows it", fix=Fix("name a tag, a version or a commit"))


def _own(source: AppSource, project: Project) -> bool:
    """Whether what is synced is a folder of this repository for production alone, or only values of it are taken."""
    folder = here(source, project)
    if folder is None:
        return source.ref.present and not source.path.present
    return any(classify(step, place=False) is Class.PROD for step in folder.split("/"))
