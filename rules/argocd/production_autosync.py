from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.argocd import production_app
from gatekeeper.links.argocd_stops import reviewed, stops
from gatekeeper.models.kubernetes import Application
from gatekeeper.models.kubernetes.argocd import AppSource, Tracked, tracked
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "argocd-production-autosync",
    gate="deployment-rollback",
    severity="medium",
    seed="3.2 Deployment Strategies",
    where=lambda each, project: each.automated and production_app(each, project) is not None,
)
def production_autosync(each: Application, project: Project) -> Iterator[Answer]:
    """Something stands between a push and production where Argo CD syncs by itself.

    With `automated`, what is merged is in production minutes later, good or bad. That is a policy that many choose, so
    this is advice. Any of these is enough: sync by hand, a sync window of the project, Rollouts that pause or measure
    (all workloads of the Application), a revision that somebody moves on (a tag, a version, a commit), or evidence that
    a merge to the tracked branch needs a review. `automated: {enabled: null}` is automated, as Argo CD has it.

    Bad:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    # expect: nothing stands between a push to main and production
    metadata: {name: shop}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/production, targetRevision: main}
      destination: {name: production, namespace: shop}
      syncPolicy: {automated: {enabled: null, selfHeal: true}}
    ```

    Bad, one of a set:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: ApplicationSet
    # expect: nothing stands between a push to HEAD and production
    metadata: {name: shop}
    spec:
      generators:
        - list: {elements: [{env: staging}, {env: production}]}
      template:
        metadata: {name: "shop-{{env}}"}
        spec:
          source: {repoURL: "https://github.com/acme/gitops", path: "overlays/{{env}}"}
          destination: {name: "{{env}}", namespace: shop}
          syncPolicy: {automated: {}}
    ```

    Good, by version; and what is synced by hand is not meant:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: by-hand}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/production}
      destination: {name: production}
      syncPolicy: {syncOptions: [CreateNamespace=true]}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: by-version}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/production, targetRevision: v1.4.2}
      destination: {name: production}
      syncPolicy: {automated: {}}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: switched-off}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/production}
      destination: {name: production}
      syncPolicy: {automated: {enabled: false, prune: true}}
    ```

    Good, a window:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: AppProject
    metadata: {name: shop}
    spec:
      sourceRepos: ["*"]
      destinations: [{name: production, namespace: shop}]
      syncWindows:
        - {kind: deny, schedule: "* * * * *", duration: 1h, applications: ["*-production"], manualSync: true}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop-production}
    spec:
      project: shop
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/production, targetRevision: main}
      destination: {name: production, namespace: shop}
      syncPolicy: {automated: {}}
    ```

    Unknown, nothing says where it is:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: shop, targetRevision: main}
      destination: {server: "https://kubernetes.default.svc", namespace: shop}
      syncPolicy: {automated: {}}
    ```

    Unknown, the environments are in Argo CD:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: ApplicationSet
    metadata: {name: shop}
    spec:
      generators: [{clusters: {}}]
      template:
        metadata: {name: "shop-{{name}}"}
        spec:
          source: {repoURL: "https://github.com/acme/gitops", path: shop}
          destination: {name: "{{name}}", namespace: shop}
          syncPolicy: {automated: {}}
    ```
    """
    if stops(each, project):
        return
    free = [source for source in each.sources if _free(source, project)]
    if not free:
        return
    branch = free[0].revision.text or "HEAD"
    production = production_app(each, project)
    words = f"nothing stands between a push to {branch} and production: {production.why if production else ''}"
    if production and not production.certain:
        yield Unknown(each, f"synced by itself from {branch}: {production.why}", Reason.NEEDS_HUMAN)
    else:
        yield Finding(each, words, fix=Fix("sync by hand, a sync window, or Rollouts that pause or measure"))


def _free(source: AppSource, project: Project) -> bool:
    """Whether what is pushed is synced, and nobody is known to look at it before."""
    if tracked(source) is Tracked.FIXED or (source.ref.present and not source.path.present):
        return False
    return not reviewed(source, project)
